select
    sensor_id,
    parameter,
    unit,
    value,
    period_start_utc,
    period_end_utc,
    period_start_local,
    period_end_local,
    period_label,
    period_seconds,
    has_flags,
    expected_count,
    observed_count,
    latitude,
    longitude,
    {{ hive_keys() }},
    partition_date
from {{ source('openaq', 'measurements') }}
