{#
    Post-hook of a history that is merged by version: deletes the versions that come after the current one.

    A change that turns out to change nothing leaves fewer versions than there were; they are numbered without a gap,
    so those that were not written again have the highest numbers.
#}
{% macro clear_overtaken_versions(key, entity_id) -%}
    {%- if execute and owed_days(model.config.meta.owed) is not none -%}
        delete from {{ this }}
        where {{ key }} in (
            select later.{{ key }}
            from {{ this }} as later
            inner join {{ this }} as newest
                on
                    later.{{ entity_id }} = newest.{{ entity_id }}
                    and newest.is_current
                    and later.version > newest.version
        )
    {%- endif -%}
{%- endmacro %}
