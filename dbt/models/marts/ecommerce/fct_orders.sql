{#
    Only the orders that an owed capture speaks of are built again: those that it names now, and those that were made
    from an earlier version of it and may have lost something since. What is gone altogether is deleted afterwards.
#}
{% set feeds = ['orders', 'order_items', 'charges', 'refunds'] %}
{% set is_owed = '1 = 1' if owed_days(feeds) is none else 'order_id in (select owed.order_id from owed)' %}
with owed as (
    {% for table in ['orders', 'order_items', 'payments'] %}
        select order_id
        from {{ ref('stg_ecommerce__' ~ table) }}
        where {{ owed_partitions(feeds, prune=true) }}
        union
    {% endfor %}
    select order_id
    from {{ ref('int_ecommerce__refunds') }}
    where {{ owed_partitions(feeds, column='last_captured_on', since='first_captured_on') }}
    {% if owed_days(feeds) is not none %}
        union
        select order_id
        from {{ this }}
        where {{ owed_partitions(feeds, since='first_captured_on') }}
    {% endif %}
),

newest as (
    select *
    from {{ ref('int_ecommerce__orders') }}
    where {{ is_owed }}
),

lines as (
    select
        order_id,
        count(*) as line_count,
        sum(quantity) as item_count,
        sum({{ gross_amount('quantity', 'unit_price') }}) as gross_amount,
        sum(line_total) as lines_amount,
        min(partition_date) as first_captured_on,
        max(partition_date) as last_captured_on
    from {{ newest_captures(ref('stg_ecommerce__order_items'), keys=['order_item_id'], where=is_owed) }} as captured
    group by order_id
),

payments as (
    select
        order_id,
        sum(case when status = 'succeeded' then amount else 0 end) as paid_amount,
        min(partition_date) as first_captured_on,
        max(partition_date) as last_captured_on
    from {{ newest_captures(ref('stg_ecommerce__payments'), keys=['charge_id'], where=is_owed) }} as captured
    group by order_id
),

orders as (
    select
        orders.*,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.item_count, 0) as item_count,
        {{ in_usd('coalesce(lines.gross_amount, 0)', 'orders.usd_rate') }} as gross_usd,
        {{ in_usd('coalesce(lines.lines_amount, 0)', 'orders.usd_rate') }} as lines_usd,
        coalesce(payments.paid_amount, 0) as paid_amount,
        coalesce(refunds.refunded_amount, 0) as refunded_amount,
        coalesce(refunds.refunded_usd, 0) as refunded_usd,
        {{ earliest_of([
            'orders.partition_date', 'lines.first_captured_on', 'payments.first_captured_on', 'refunds.first_captured_on'
        ]) }} as first_captured_on,
        {{ latest_of([
            'orders.partition_date', 'lines.last_captured_on', 'payments.last_captured_on', 'refunds.last_captured_on'
        ]) }} as last_captured_on
    from newest as orders
    left join lines
        on orders.order_id = lines.order_id
    left join payments
        on orders.order_id = payments.order_id
    left join {{ ref('int_ecommerce__refunds_summed') }} as refunds
        on orders.order_id = refunds.order_id
)

select
    cast(order_id as bigint) as order_id,
    cast(customer_id as bigint) as customer_id,
    {{ as_timestamp('ordered_at') }} as ordered_at,
    cast(order_date as date) as order_date,
    cast(status as varchar) as status,
    cast(counts_as_revenue as boolean) as counts_as_revenue,
    cast(shipping_country as varchar) as shipping_country,
    cast(currency as varchar) as currency,
    cast(usd_rate as decimal(18, 8)) as usd_rate,
    cast(total_amount as decimal(12, 2)) as total_amount,
    cast(paid_amount as decimal(18, 3)) as paid_amount,
    cast(refunded_amount as decimal(18, 3)) as refunded_amount,
    cast(line_count as bigint) as line_count,
    cast(item_count as bigint) as item_count,
    cast(total_usd as decimal(18, 2)) as total_usd,
    cast(case when counts_as_revenue then gross_usd else 0 end as decimal(18, 2)) as gross_usd,
    cast(case when counts_as_revenue then gross_usd - lines_usd else 0 end as decimal(18, 2)) as discount_usd,
    cast(case when counts_as_revenue then total_usd else 0 end as decimal(18, 2)) as revenue_usd,
    cast(case when counts_as_revenue then refunded_usd else 0 end as decimal(18, 2)) as refunds_usd,
    {{ as_timestamp('updated_at') }} as updated_at,
    cast(first_captured_on as date) as first_captured_on,
    cast(last_captured_on as date) as partition_date
from orders
