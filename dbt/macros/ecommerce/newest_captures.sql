{#
    The newest capture of each key, as a subquery with all columns: what overlaps and repeated runs captured again.

    The condition is inside, before the newest is looked for: no engine pushes a list of keys through a window, and
    what is built are a few thousand keys of millions.

    relation: a staging model; keys: columns of the key; where: condition on the rows that are looked at, which has to
    take all rows of a key or none; latest: what says which row is newer, the latest capture unless it is a change.
#}
{% macro newest_captures(relation, keys, where='1 = 1', latest=['partition_date']) -%}
(
        select *
        from (
            select
                *,
                row_number() over (
                    partition by {{ keys | join(', ') }}
                    order by {{ latest | join(' desc nulls last, ') }} desc nulls last
                ) as captures_back
            from {{ relation }}
            where {{ where }}
        ) as captures
        where captures_back = 1
    )
{%- endmacro %}
