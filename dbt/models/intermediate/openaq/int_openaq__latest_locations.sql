with captures as (
    select
        *,
        min(partition_date) over (partition by location_id) as first_seen_on,
        row_number() over (partition by location_id order by partition_date desc nulls last) as captures_back
    from {{ ref('stg_openaq__locations') }}
),

latest as (
    select
        location_id,
        location_name,
        locality,
        timezone,
        country_code,
        country_name,
        provider_name,
        owner_name,
        is_mobile,
        is_monitor,
        latitude,
        longitude,
        first_measured_utc,
        last_measured_utc,
        first_seen_on,
        partition_date as last_seen_on
    from captures
    where captures_back = 1
)

select * from latest
