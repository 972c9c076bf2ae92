with enriched as (
    select
        items.*,
        products.product_name,
        products.category,
        products.subcategory,
        {{ gross_amount('items.quantity', 'items.unit_price') }} as gross_amount
    from {{ newest_captures(ref('stg_ecommerce__order_items'), keys=['order_item_id']) }} as items
    left join
        {{ newest_captures(
            ref('stg_ecommerce__products'), keys=['product_id'], latest=['updated_at', 'partition_date']
        ) }} as products
        on items.product_id = products.product_id
),

discounted as (
    select
        order_item_id,
        order_id,
        product_id,
        product_name,
        category,
        subcategory,
        quantity,
        unit_price,
        discount_pct,
        gross_amount,
        cast(gross_amount - line_total as decimal(18, 2)) as discount_amount,
        line_total,
        created_at,
        partition_date
    from enriched
)

select * from discounted
