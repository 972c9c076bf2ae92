{# Built again: the orders in an owed capture, and those whose newest version was in one and may be in it no more. #}
{% set is_owed = '1 = 1' if owed_days('orders') is none else 'order_id in (select owed.order_id from owed)' %}
with owed as (
    select order_id
    from {{ ref('stg_ecommerce__orders') }}
    where {{ owed_partitions('orders', prune=true) }}
    {% if owed_days('orders') is not none %}
        union
        select order_id
        from {{ this }}
        where {{ owed_partitions('orders') }}
    {% endif %}
),

newest as (
    select
        versions.*,
        countries.currency,
        coalesce(statuses.counts_as_revenue, false) as counts_as_revenue
    from
        {{ newest_captures(
            ref('stg_ecommerce__orders'),
            keys=['order_id'],
            latest=['updated_at', 'partition_date'],
            where=is_owed,
        ) }} as versions
    left join {{ ref('country_currencies') }} as countries
        on versions.shipping_country = countries.country
    left join {{ ref('order_statuses') }} as statuses
        on versions.status = statuses.status
),

converted as (
    select
        newest.order_id,
        newest.customer_id,
        {{ as_timestamp('newest.ordered_at') }} as ordered_at,
        newest.order_date,
        newest.status,
        newest.counts_as_revenue,
        newest.currency,
        rates.usd_rate,
        newest.total_amount,
        {{ in_usd('newest.total_amount', 'rates.usd_rate') }} as total_usd,
        newest.shipping_country,
        {{ as_timestamp('newest.updated_at') }} as updated_at,
        newest.partition_date
    from newest
    {{ join_usd_rates('newest.currency', 'newest.order_date') }}
)

select * from converted
