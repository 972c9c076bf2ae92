with followed as (
    select
        customer_id,
        version,
        valid_to,
        lead(valid_from) over (partition by customer_id order by version nulls last) as next_valid_from
    from {{ ref('dim_customers') }}
)

select *
from followed
where valid_to is distinct from next_valid_from
