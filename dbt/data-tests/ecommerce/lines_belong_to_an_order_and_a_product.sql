{{ config(severity='warn') }}

select
    items.order_item_id,
    items.order_id,
    items.product_id
from {{ ref('stg_ecommerce__order_items') }} as items
left join {{ ref('fct_orders') }} as orders
    on items.order_id = orders.order_id
left join {{ ref('dim_products') }} as products
    on items.product_id = products.product_id
where
    {{ owed_partitions('order_items', column='items.partition_date') }}
    and (orders.order_id is null or products.product_id is null)
