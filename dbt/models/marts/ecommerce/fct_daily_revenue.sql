with ordered as (
    select
        order_date as revenue_date,
        count(*) as orders,
        sum(item_count) as items,
        sum(gross_usd) as gross_usd,
        sum(discount_usd) as discount_usd,
        sum(revenue_usd) as revenue_usd,
        0 as refunds,
        0 as refunds_usd
    from {{ ref('fct_orders') }}
    where counts_as_revenue
    group by order_date
),

refunded as (
    select
        refund_date as revenue_date,
        0 as orders,
        0 as items,
        0 as gross_usd,
        0 as discount_usd,
        0 as revenue_usd,
        count(*) as refunds,
        sum(amount_usd) as refunds_usd
    from {{ ref('int_ecommerce__refunds') }}
    where counts_as_revenue
    group by refund_date
),

both_sides as (
    select * from ordered
    union all
    select * from refunded
)

select
    cast(revenue_date as date) as revenue_date,
    cast(sum(orders) as bigint) as orders,
    cast(sum(items) as bigint) as items,
    cast(sum(gross_usd) as decimal(18, 2)) as gross_usd,
    cast(sum(discount_usd) as decimal(18, 2)) as discount_usd,
    cast(sum(revenue_usd) as decimal(18, 2)) as revenue_usd,
    cast(sum(refunds) as bigint) as refunds,
    cast(sum(refunds_usd) as decimal(18, 2)) as refunds_usd,
    cast(sum(revenue_usd) - sum(refunds_usd) as decimal(18, 2)) as net_revenue_usd
from both_sides
group by revenue_date
