{#
    Only the customers that an owed capture speaks of are built again, all their versions: those that it names, those
    who ever had an order that is made from it, and those that were made from an earlier version of it.
#}
{% set feeds = ['customers', 'orders', 'order_items', 'charges', 'refunds'] %}
{% set is_owed = '1 = 1' if owed_days(feeds) is none else 'customer_id in (select owed.customer_id from owed)' %}
with owed as (
    select customer_id
    from {{ ref('stg_ecommerce__customers') }}
    where {{ owed_partitions(feeds, prune=true) }}
    union
    select customer_id
    from {{ ref('stg_ecommerce__orders') }}
    where
        order_id in (
            select orders.order_id
            from {{ ref('fct_orders') }} as orders
            where {{ owed_partitions(feeds, column='orders.partition_date', since='orders.first_captured_on') }}
        )
    {% if owed_days(feeds) is not none %}
        union
        select customer_id
        from {{ this }}
        where {{ owed_partitions(feeds, since='first_captured_on') }}
    {% endif %}
),

versions as (
    select *
    from {{ ref('int_ecommerce__customer_versions') }}
    where {{ is_owed }}
),

captures as (
    select
        customer_id,
        partition_date as first_captured_on,
        partition_date as last_captured_on
    from {{ ref('stg_ecommerce__customers') }}
    where {{ is_owed }}
    union all
    select
        customer_id,
        first_captured_on,
        partition_date as last_captured_on
    from {{ ref('fct_orders') }}
    where {{ is_owed }}
),

spans as (
    select
        customer_id,
        min(first_captured_on) as first_captured_on,
        max(last_captured_on) as last_captured_on
    from captures
    group by customer_id
),

described as (
    select
        versions.*,
        lifetime.first_order_date,
        lifetime.last_order_date,
        coalesce(lifetime.order_count, 0) as order_count,
        coalesce(lifetime.lifetime_value_usd, 0) as lifetime_value_usd,
        coalesce(lifetime.tier, 'bronze') as tier,
        spans.first_captured_on,
        spans.last_captured_on
    from versions
    inner join spans
        on versions.customer_id = spans.customer_id
    left join {{ ref('int_ecommerce__customer_lifetime') }} as lifetime
        on versions.customer_id = lifetime.customer_id
)

select
    cast(cast(customer_id as varchar) || '-' || cast(version as varchar) as varchar) as customer_key,
    cast(customer_id as bigint) as customer_id,
    cast(version as bigint) as version,
    {{ as_timestamp('valid_from') }} as valid_from,
    {{ as_timestamp('valid_to') }} as valid_to,
    valid_to is null as is_current,
    cast(email as varchar) as email,
    cast(first_name as varchar) as first_name,
    cast(last_name as varchar) as last_name,
    cast(phone as varchar) as phone,
    cast(address as varchar) as address,
    cast(city as varchar) as city,
    cast(state as varchar) as state,
    cast(country as varchar) as country,
    cast(zip_code as varchar) as zip_code,
    {{ as_timestamp('created_at') }} as created_at,
    cast(order_count as bigint) as order_count,
    cast(first_order_date as date) as first_order_date,
    cast(last_order_date as date) as last_order_date,
    cast(lifetime_value_usd as decimal(18, 2)) as lifetime_value_usd,
    cast(tier as varchar) as tier,
    cast(first_captured_on as date) as first_captured_on,
    cast(last_captured_on as date) as partition_date
from described
