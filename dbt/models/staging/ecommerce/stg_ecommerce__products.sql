select
    product_id,
    name as product_name,
    category,
    subcategory,
    price,
    cost,
    weight_kg,
    is_active,
    created_at,
    updated_at,
    partition_date
from {{ source('ecommerce', 'products') }}
