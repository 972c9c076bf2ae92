select
    performance_date,
    campaign_id,
    campaign_name,
    channel,
    conversions,
    revenue_attributed as attributed_revenue_usd,
    partition_date
from {{ source('ecommerce', 'campaign_performance') }}
