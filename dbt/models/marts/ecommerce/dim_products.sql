select
    cast(product_id as bigint) as product_id,
    cast(product_name as varchar) as product_name,
    cast(category as varchar) as category,
    cast(subcategory as varchar) as subcategory,
    cast(price as decimal(10, 2)) as price_usd,
    cast(cost as decimal(10, 2)) as cost_usd,
    cast(cast(price as decimal(12, 2)) - cast(cost as decimal(12, 2)) as decimal(12, 2)) as margin_usd,
    {{ safe_divide('price - cost', 'price') }} as margin_share,
    cast(weight_kg as decimal(8, 2)) as weight_kg,
    cast(is_active as boolean) as is_active,
    {{ as_timestamp('created_at') }} as created_at,
    {{ as_timestamp('updated_at') }} as updated_at
from
    {{ newest_captures(
        ref('stg_ecommerce__products'), keys=['product_id'], latest=['updated_at', 'partition_date']
    ) }} as newest
