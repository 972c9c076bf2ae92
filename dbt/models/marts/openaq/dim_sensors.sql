select
    cast(sensor_id as bigint) as sensor_id,
    cast(location_id as bigint) as location_id,
    cast(sensor_name as varchar) as sensor_name,
    cast(parameter as varchar) as parameter,
    cast(unit as varchar) as unit,
    cast(first_seen_on as date) as first_seen_on,
    cast(last_seen_on as date) as last_seen_on
from {{ ref('int_openaq__latest_sensors') }}
