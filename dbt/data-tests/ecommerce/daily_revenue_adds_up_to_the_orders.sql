with by_order as (
    select
        count(*) as orders,
        sum(revenue_usd) as revenue_usd,
        sum(gross_usd) as gross_usd,
        sum(discount_usd) as discount_usd,
        sum(refunds_usd) as refunds_usd
    from {{ ref('fct_orders') }}
    where counts_as_revenue
),

by_date as (
    select
        sum(orders) as orders,
        sum(revenue_usd) as revenue_usd,
        sum(gross_usd) as gross_usd,
        sum(discount_usd) as discount_usd,
        sum(refunds_usd) as refunds_usd
    from {{ ref('fct_daily_revenue') }}
)

select
    by_order.revenue_usd as revenue_by_order,
    by_date.revenue_usd as revenue_by_date,
    by_order.refunds_usd as refunds_by_order,
    by_date.refunds_usd as refunds_by_date
from by_order
cross join by_date
where
    coalesce(by_order.orders, 0) <> coalesce(by_date.orders, 0)
    or coalesce(by_order.revenue_usd, 0) <> coalesce(by_date.revenue_usd, 0)
    or coalesce(by_order.gross_usd, 0) <> coalesce(by_date.gross_usd, 0)
    or coalesce(by_order.discount_usd, 0) <> coalesce(by_date.discount_usd, 0)
    or coalesce(by_order.refunds_usd, 0) <> coalesce(by_date.refunds_usd, 0)
