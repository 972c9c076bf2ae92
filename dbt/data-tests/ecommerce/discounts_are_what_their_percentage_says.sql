{# To the cent, as the shop rounds it. #}
{{ config(severity='warn') }}

select
    order_item_id,
    quantity,
    unit_price,
    discount_pct,
    line_total
from {{ ref('stg_ecommerce__order_items') }}
where
    {{ owed_partitions('order_items') }}
    and abs(100 * line_total - (100 - discount_pct) * {{ gross_amount('quantity', 'unit_price') }}) > 1
