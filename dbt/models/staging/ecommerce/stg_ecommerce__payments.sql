select
    charge_id,
    order_id,
    created_at,
    amount,
    currency,
    status,
    is_paid,
    is_captured,
    is_disputed,
    failure_code,
    payment_method,
    card_brand,
    {{ hive_keys() }},
    partition_date
from {{ source('ecommerce', 'charges') }}
