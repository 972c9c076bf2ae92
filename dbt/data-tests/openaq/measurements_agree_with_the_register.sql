{# Looks at all days: it is the new register that can contradict an old one. A full refresh sets it right. #}
{{ config(severity='warn') }}

select
    measurements.sensor_id,
    measurements.location_id,
    sensors.location_id as location_id_in_register,
    count(*) as measurements
from {{ ref('fct_measurements') }} as measurements
inner join {{ ref('dim_sensors') }} as sensors
    on measurements.sensor_id = sensors.sensor_id
where coalesce(measurements.location_id, -1) <> sensors.location_id
group by measurements.sensor_id, measurements.location_id, sensors.location_id
