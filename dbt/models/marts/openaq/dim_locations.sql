select
    cast(location_id as bigint) as location_id,
    cast(location_name as varchar) as location_name,
    cast(locality as varchar) as locality,
    cast(timezone as varchar) as timezone,
    cast(country_code as varchar) as country_code,
    cast(country_name as varchar) as country_name,
    cast(provider_name as varchar) as provider_name,
    cast(owner_name as varchar) as owner_name,
    cast(is_mobile as boolean) as is_mobile,
    cast(is_monitor as boolean) as is_monitor,
    cast(latitude as double) as latitude,
    cast(longitude as double) as longitude,
    {{ as_timestamp('first_measured_utc') }} as first_measured_utc,
    {{ as_timestamp('last_measured_utc') }} as last_measured_utc,
    cast(first_seen_on as date) as first_seen_on,
    cast(last_seen_on as date) as last_seen_on
from {{ ref('int_openaq__latest_locations') }}
