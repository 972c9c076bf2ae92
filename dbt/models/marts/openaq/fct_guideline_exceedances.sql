with judged as (
    select
        averages.location_id,
        averages.parameter,
        averages.unit,
        averages.local_date,
        averages.completeness,
        averages.partition_date,
        guidelines.averaging,
        guidelines.guideline_value,
        case guidelines.averaging
            when 'daily_mean' then averages.average_value
            when 'daily_max_8h_mean' then averages.max_8h_mean
        end as observed_value
    from {{ ref('fct_daily_averages') }} as averages
    inner join {{ ref('who_guidelines') }} as guidelines
        on
            averages.parameter = guidelines.parameter
            and averages.unit = guidelines.unit
    where
        {{ owed_partitions('measurements', column='averages.partition_date', widen=1) }}
        and averages.completeness >= {{ var('minimum_completeness') }}
)

select
    cast(location_id as bigint) as location_id,
    cast(parameter as varchar) as parameter,
    cast(unit as varchar) as unit,
    cast(local_date as date) as local_date,
    cast(averaging as varchar) as averaging,
    cast(observed_value as double) as observed_value,
    cast(guideline_value as double) as guideline_value,
    {{ safe_divide('observed_value', 'guideline_value') }} as times_guideline,
    cast(completeness as double) as completeness,
    cast(partition_date as date) as partition_date
from judged
where observed_value > guideline_value
