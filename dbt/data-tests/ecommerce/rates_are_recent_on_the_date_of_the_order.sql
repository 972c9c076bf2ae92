{# Ninety days: the sample rates are by the month, and one that was forgotten shows. #}
{{ config(severity='warn') }}

select
    orders.order_id,
    orders.order_date,
    orders.currency,
    rates.effective_date
from {{ ref('fct_orders') }} as orders
inner join {{ ref('int_ecommerce__usd_rates') }} as rates
    on
        orders.currency = rates.currency
        and orders.order_date = rates.rate_date
where
    {{ owed_partitions(['orders', 'order_items', 'charges', 'refunds'], column='orders.partition_date') }}
    and orders.currency <> 'USD'
    and {{ days_between('rates.effective_date', 'orders.order_date') }} > 90
