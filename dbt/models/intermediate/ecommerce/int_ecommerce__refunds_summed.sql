with summed as (
    select
        order_id,
        cast(sum(amount) as decimal(18, 3)) as refunded_amount,
        cast(sum(amount_usd) as decimal(18, 2)) as refunded_usd,
        min(first_captured_on) as first_captured_on,
        max(last_captured_on) as last_captured_on
    from {{ ref('int_ecommerce__refunds') }}
    where
        order_id is not null
        and status = 'succeeded'
    group by order_id
)

select * from summed
