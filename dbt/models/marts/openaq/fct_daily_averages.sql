{#
    A changed UTC day reaches the local days one before to one after it, offsets and the seven hours that an
    8-hour mean looks back included; each of those needs the UTC days one before to one after itself.
#}
with readings as (
    select
        location_id,
        parameter,
        standard_unit as unit,
        local_date,
        period_seconds,
        {{ hour_number('period_start_utc') }} as hour_number,
        period_seconds <= 3600 as is_hourly,
        {{ safe_divide('sum(' ~ exact('standard_value') ~ ')', 'count(*)') }} as reading,
        min(standard_value) as min_value,
        max(standard_value) as max_value,
        count(*) as measurements
    from {{ ref('fct_measurements') }}
    where
        {{ owed_partitions('measurements', widen=2) }}
        and location_id is not null
    group by location_id, parameter, standard_unit, local_date, period_seconds, period_start_utc
),

weighted as (
    select
        *,
        {{ exact('reading * period_seconds') }} as reading_seconds
    from readings
),

running as (
    select
        *,
        sum(case when is_hourly then reading_seconds end) over (
            partition by location_id, parameter, unit
            order by hour_number range between 7 preceding and current row
        ) as reading_seconds_8h,
        sum(case when is_hourly then period_seconds end) over (
            partition by location_id, parameter, unit
            order by hour_number range between 7 preceding and current row
        ) as seconds_8h
    from weighted
),

days as (
    select
        location_id,
        parameter,
        unit,
        local_date,
        {{ safe_divide('sum(reading_seconds)', 'sum(period_seconds)') }} as average_value,
        min(min_value) as min_value,
        max(max_value) as max_value,
        max(
            case
                when is_hourly and seconds_8h >= 6 * 3600
                    then {{ safe_divide('reading_seconds_8h', 'seconds_8h') }}
            end
        ) as max_8h_mean,
        sum(measurements) as measurement_count,
        {{ safe_divide('sum(period_seconds)', 3600) }} as hours_observed
    from running
    where {{ owed_partitions('measurements', column='local_date', widen=1) }}
    group by location_id, parameter, unit, local_date
)

select
    cast(location_id as bigint) as location_id,
    cast(parameter as varchar) as parameter,
    cast(unit as varchar) as unit,
    cast(local_date as date) as local_date,
    cast(average_value as double) as average_value,
    cast(min_value as double) as min_value,
    cast(max_value as double) as max_value,
    cast(max_8h_mean as double) as max_8h_mean,
    cast(measurement_count as bigint) as measurement_count,
    cast(hours_observed as double) as hours_observed,
    cast(case when hours_observed < 24 then {{ safe_divide('hours_observed', 24) }} else 1 end as double)
        as completeness,
    cast(local_date as date) as partition_date
from days
