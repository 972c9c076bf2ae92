select
    order_item_id,
    order_id,
    product_id,
    quantity,
    unit_price,
    discount_pct,
    line_total,
    created_at,
    {{ hive_keys() }},
    partition_date
from {{ source('ecommerce', 'order_items') }}
