with measured as (
    select
        local_date,
        count(*) as measurements
    from {{ ref('fct_measurements') }}
    where
        {{ owed_partitions('measurements', widen=2) }}
        and {{ owed_partitions('measurements', column='local_date', widen=1) }}
        and location_id is not null
    group by local_date
),

averaged as (
    select
        local_date,
        sum(measurement_count) as measurements
    from {{ ref('fct_daily_averages') }}
    where {{ owed_partitions('measurements', widen=1) }}
    group by local_date
)

select
    coalesce(measured.local_date, averaged.local_date) as local_date,
    coalesce(measured.measurements, 0) as measured,
    coalesce(averaged.measurements, 0) as averaged
from measured
full outer join averaged
    on measured.local_date = averaged.local_date
where coalesce(measured.measurements, 0) <> coalesce(averaged.measurements, 0)
