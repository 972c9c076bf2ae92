select
    spend_date,
    channel,
    campaign_name,
    spend as spend_usd,
    impressions,
    clicks,
    partition_date
from {{ source('ecommerce', 'marketing_spend') }}
