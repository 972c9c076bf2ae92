{# By date, so that what is converted is joined by equality: a join by a range of dates takes several times as long. #}
with dates as (
    select order_date as rate_date
    from {{ ref('stg_ecommerce__orders') }}
    union
    select refund_date as rate_date
    from {{ ref('stg_ecommerce__refunds') }}
),

spans as (
    select
        from_currency as currency,
        rate as usd_rate,
        effective_date,
        lead(effective_date) over (partition by from_currency order by effective_date nulls last) as next_effective_date
    from {{ ref('currency_rates') }}
    where to_currency = 'USD'
),

rates as (
    select
        spans.currency,
        dates.rate_date,
        spans.usd_rate,
        spans.effective_date
    from dates
    inner join spans
        on
            dates.rate_date >= spans.effective_date
            and (dates.rate_date < spans.next_effective_date or spans.next_effective_date is null)
)

select * from rates
