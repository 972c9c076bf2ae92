select
    sensor_id,
    location_id,
    sensor_name,
    parameter,
    unit,
    partition_date
from {{ source('openaq', 'sensors') }}
