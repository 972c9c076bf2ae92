with by_order as (
    select
        customer_id,
        sum(revenue_usd) - sum(refunds_usd) as value_usd
    from {{ ref('fct_orders') }}
    group by customer_id
)

select
    customers.customer_id,
    customers.lifetime_value_usd,
    by_order.value_usd
from {{ ref('dim_customers') }} as customers
left join by_order
    on customers.customer_id = by_order.customer_id
where
    customers.is_current
    and customers.lifetime_value_usd <> coalesce(by_order.value_usd, 0)
