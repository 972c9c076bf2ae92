{% set tracked = ['email', 'first_name', 'last_name', 'phone', 'address', 'city', 'state', 'country', 'zip_code'] %}
with captures as (
    select
        *,
        {% for column in tracked %}
            lag({{ column }}) over (partition by customer_id order by updated_at nulls last) as previous_{{ column }},
        {% endfor %}
        lag(updated_at) over (partition by customer_id order by updated_at nulls last) as previous_updated_at
    from {{ newest_captures(ref('stg_ecommerce__customers'), keys=['customer_id', 'updated_at']) }} as newest
),

changes as (
    select
        *,
        case
            when previous_updated_at is null then {{ earliest_of(['created_at', 'updated_at']) }}
            else updated_at
        end as valid_from
    from captures
    where
        previous_updated_at is null
        {% for column in tracked %}
            or {{ column }} is distinct from previous_{{ column }}
        {% endfor %}
),

versions as (
    select
        customer_id,
        row_number() over (partition by customer_id order by valid_from nulls last) as version,
        {% for column in tracked %}
            {{ column }},
        {% endfor %}
        created_at,
        valid_from,
        lead(valid_from) over (partition by customer_id order by valid_from nulls last) as valid_to
    from changes
)

select * from versions
