with orders as (
    select
        orders.customer_id,
        orders.order_date,
        orders.total_usd,
        coalesce(refunds.refunded_usd, 0) as refunded_usd
    from {{ ref('int_ecommerce__orders') }} as orders
    left join {{ ref('int_ecommerce__refunds_summed') }} as refunds
        on orders.order_id = refunds.order_id
    where orders.counts_as_revenue
),

summed as (
    select
        customer_id,
        count(*) as order_count,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        cast(sum(total_usd) - sum(refunded_usd) as decimal(18, 2)) as lifetime_value_usd
    from orders
    group by customer_id
),

tiered as (
    select
        *,
        case
            when lifetime_value_usd >= 1000 then 'platinum'
            when lifetime_value_usd >= 500 then 'gold'
            when lifetime_value_usd >= 100 then 'silver'
            else 'bronze'
        end as tier
    from summed
)

select * from tiered
