with refunds as (
    select * from {{ newest_captures(ref('stg_ecommerce__refunds'), keys=['refund_id']) }} as newest
),

payments as (
    select *
    from
        {{ newest_captures(
            ref('stg_ecommerce__payments'),
            keys=['charge_id'],
            where='charge_id in (select refunds.charge_id from refunds)',
        ) }} as newest
),

traced as (
    select
        refunds.*,
        payments.order_id,
        orders.customer_id,
        coalesce(orders.order_date, refunds.refund_date) as rate_date,
        coalesce(refunds.status = 'succeeded' and orders.counts_as_revenue, false) as counts_as_revenue,
        {{ earliest_of(['payments.partition_date', 'refunds.partition_date']) }} as first_captured_on,
        {{ latest_of(['payments.partition_date', 'refunds.partition_date']) }} as last_captured_on
    from refunds
    left join payments
        on refunds.charge_id = payments.charge_id
    left join {{ ref('int_ecommerce__orders') }} as orders
        on payments.order_id = orders.order_id
),

converted as (
    select
        traced.refund_id,
        traced.charge_id,
        traced.order_id,
        traced.customer_id,
        traced.refund_date,
        traced.status,
        traced.counts_as_revenue,
        traced.reason,
        traced.currency,
        rates.usd_rate,
        traced.amount,
        {{ in_usd('traced.amount', 'rates.usd_rate') }} as amount_usd,
        traced.first_captured_on,
        traced.last_captured_on
    from traced
    {{ join_usd_rates('traced.currency', 'traced.rate_date') }}
)

select * from converted
