{# Of the owed captures; a row that processed no longer has is found by its captures too. #}
{% set feeds = ['orders', 'order_items', 'charges', 'refunds'] %}
with processed as (
    select
        order_id,
        total_amount,
        status,
        updated_at
    from {{ ref('int_ecommerce__orders') }}
    where {{ owed_partitions('orders') }}
),

built as (
    select
        order_id,
        total_amount,
        status,
        updated_at
    from {{ ref('fct_orders') }}
    where {{ owed_partitions(feeds, since='first_captured_on') }}
),

lost as (
    select processed.order_id
    from processed
    left join {{ ref('fct_orders') }} as orders
        on
            processed.order_id = orders.order_id
            and processed.total_amount = orders.total_amount
            and processed.status = orders.status
            and processed.updated_at = orders.updated_at
    where orders.order_id is null
),

gone as (
    select built.order_id
    from built
    left join {{ ref('int_ecommerce__orders') }} as orders
        on built.order_id = orders.order_id
    where orders.order_id is null
)

select * from lost
union all
select * from gone
