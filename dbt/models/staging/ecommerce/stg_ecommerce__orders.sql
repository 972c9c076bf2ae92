select
    order_id,
    customer_id,
    ordered_at,
    cast(ordered_at as date) as order_date,
    status,
    total_amount,
    shipping_address,
    shipping_city,
    shipping_state,
    shipping_country,
    shipping_zip,
    created_at,
    updated_at,
    {{ hive_keys() }},
    partition_date
from {{ source('ecommerce', 'orders') }}
