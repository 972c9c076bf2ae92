select
    refund_id,
    charge_id,
    created_at,
    cast(created_at as date) as refund_date,
    amount,
    currency,
    status,
    reason,
    partition_date
from {{ source('ecommerce', 'refunds') }}
