select
    cast(sensor_id as bigint) as sensor_id,
    cast(location_id as bigint) as location_id,
    cast(parameter as varchar) as parameter,
    cast(value as double) as value,
    cast(unit as varchar) as unit,
    cast(standard_value as double) as standard_value,
    cast(standard_unit as varchar) as standard_unit,
    {{ as_timestamp('period_start_utc') }} as period_start_utc,
    {{ as_timestamp('period_end_utc') }} as period_end_utc,
    {{ as_timestamp('period_start_local') }} as period_start_local,
    {{ as_timestamp('period_end_local') }} as period_end_local,
    cast(local_date as date) as local_date,
    cast(period_label as varchar) as period_label,
    cast(period_seconds as bigint) as period_seconds,
    cast(has_flags as boolean) as has_flags,
    cast(expected_count as bigint) as expected_count,
    cast(observed_count as bigint) as observed_count,
    cast(latitude as double) as latitude,
    cast(longitude as double) as longitude,
    cast(partition_date as date) as partition_date
from {{ ref('int_openaq__measurements_located') }}
where {{ owed_partitions('measurements', prune=true) }}
