with attributed as (
    select
        performance_date as revenue_date,
        sum(attributed_revenue_usd) as attributed_revenue_usd
    from {{ ref('fct_channel_performance') }}
    where attributed_revenue_usd is not null
    group by performance_date
),

joined as (
    select
        coalesce(revenue.revenue_date, attributed.revenue_date) as revenue_date,
        coalesce(revenue.revenue_usd, 0) as revenue_usd,
        coalesce(attributed.attributed_revenue_usd, 0) as attributed_revenue_usd
    from {{ ref('fct_daily_revenue') }} as revenue
    full outer join attributed
        on revenue.revenue_date = attributed.revenue_date
)

select
    cast(revenue_date as date) as revenue_date,
    cast(revenue_usd as decimal(18, 2)) as revenue_usd,
    cast(attributed_revenue_usd as decimal(18, 2)) as attributed_revenue_usd,
    cast(revenue_usd - attributed_revenue_usd as decimal(18, 2)) as unattributed_revenue_usd,
    {{ safe_divide('attributed_revenue_usd', 'revenue_usd') }} as attributed_share,
    attributed_revenue_usd > revenue_usd as is_over_attributed
from joined
