{{ config(severity='warn') }}

select
    payments.charge_id,
    payments.currency,
    orders.order_id,
    orders.currency as currency_of_the_order
from {{ ref('stg_ecommerce__payments') }} as payments
inner join {{ ref('fct_orders') }} as orders
    on payments.order_id = orders.order_id
where
    {{ owed_partitions('charges', column='payments.partition_date') }}
    and payments.currency <> orders.currency
