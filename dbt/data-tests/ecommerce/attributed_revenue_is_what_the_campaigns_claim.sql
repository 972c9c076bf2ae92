with claimed as (
    select
        performance_date,
        sum(attributed_revenue_usd) as attributed_revenue_usd
    from
        {{ newest_captures(
            ref('stg_ecommerce__campaign_performance'), keys=['performance_date', 'campaign_id']
        ) }} as newest
    group by performance_date
)

select
    coalesce(claimed.performance_date, reconciled.revenue_date) as revenue_date,
    claimed.attributed_revenue_usd as claimed_usd,
    reconciled.attributed_revenue_usd as reconciled_usd
from claimed
full outer join {{ ref('fct_revenue_reconciliation') }} as reconciled
    on claimed.performance_date = reconciled.revenue_date
where coalesce(claimed.attributed_revenue_usd, 0) <> coalesce(reconciled.attributed_revenue_usd, 0)
