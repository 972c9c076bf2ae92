with located as (
    select
        measurements.*,
        sensors.location_id,
        measurements.value * coalesce(conversions.factor, 1) as standard_value,
        coalesce(conversions.to_unit, measurements.unit) as standard_unit,
        coalesce(measurements.period_end_local, measurements.period_end_utc) as period_end_at_station
    from {{ ref('stg_openaq__measurements') }} as measurements
    left join {{ ref('int_openaq__latest_sensors') }} as sensors
        on measurements.sensor_id = sensors.sensor_id
    left join {{ ref('unit_conversions') }} as conversions
        on
            measurements.parameter = conversions.parameter
            and measurements.unit = conversions.from_unit
),

dated as (
    select
        sensor_id,
        location_id,
        parameter,
        value,
        unit,
        standard_value,
        standard_unit,
        period_start_utc,
        period_end_utc,
        period_start_local,
        period_end_local,
        {{ date_of_period_ending('period_end_at_station') }} as local_date,
        period_label,
        period_seconds,
        has_flags,
        expected_count,
        observed_count,
        latitude,
        longitude,
        {{ hive_keys() }},
        partition_date
    from located
)

select * from dated
