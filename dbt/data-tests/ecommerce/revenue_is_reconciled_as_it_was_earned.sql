select
    coalesce(revenue.revenue_date, reconciled.revenue_date) as revenue_date,
    revenue.revenue_usd as earned_usd,
    reconciled.revenue_usd as reconciled_usd
from {{ ref('fct_daily_revenue') }} as revenue
full outer join {{ ref('fct_revenue_reconciliation') }} as reconciled
    on revenue.revenue_date = reconciled.revenue_date
where coalesce(revenue.revenue_usd, 0) <> coalesce(reconciled.revenue_usd, 0)
