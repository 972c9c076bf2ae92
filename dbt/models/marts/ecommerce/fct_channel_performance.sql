with spent as (
    select
        spend_date as performance_date,
        channel,
        sum(spend_usd) as spend_usd,
        sum(impressions) as impressions,
        sum(clicks) as clicks
    from
        {{ newest_captures(
            ref('stg_ecommerce__marketing_spend'), keys=['spend_date', 'channel', 'campaign_name']
        ) }} as newest
    group by spend_date, channel
),

brought as (
    select
        performance_date,
        channel,
        sum(conversions) as conversions,
        sum(attributed_revenue_usd) as attributed_revenue_usd
    from
        {{ newest_captures(
            ref('stg_ecommerce__campaign_performance'), keys=['performance_date', 'campaign_id']
        ) }} as newest
    group by performance_date, channel
),

joined as (
    select
        coalesce(spent.performance_date, brought.performance_date) as performance_date,
        coalesce(spent.channel, brought.channel) as channel,
        spent.spend_usd,
        spent.impressions,
        spent.clicks,
        brought.conversions,
        brought.attributed_revenue_usd
    from spent
    full outer join brought
        on
            spent.performance_date = brought.performance_date
            and spent.channel = brought.channel
)

select
    cast(performance_date as date) as performance_date,
    cast(channel as varchar) as channel,
    cast(spend_usd as decimal(18, 2)) as spend_usd,
    cast(impressions as bigint) as impressions,
    cast(clicks as bigint) as clicks,
    cast(conversions as bigint) as conversions,
    cast(attributed_revenue_usd as decimal(18, 2)) as attributed_revenue_usd,
    {{ safe_divide('attributed_revenue_usd', 'spend_usd') }} as return_on_spend,
    {{ safe_divide('spend_usd', 'conversions') }} as cost_per_conversion_usd
from joined
