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
    partition_date
from {{ source('openaq', 'locations') }}
