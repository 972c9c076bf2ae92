select
    averages.location_id,
    locations.location_name,
    locations.locality,
    locations.country_code,
    locations.country_name,
    locations.latitude,
    locations.longitude,
    averages.parameter,
    averages.unit,
    averages.local_date,
    averages.average_value,
    averages.max_8h_mean,
    averages.hours_observed,
    averages.completeness,
    cast(guidelines.averaging as varchar) as averaging,
    cast(guidelines.guideline_value as double) as guideline_value,
    exceedances.times_guideline,
    exceedances.location_id is not null as is_exceeded,
    averages.partition_date
from {{ ref('fct_daily_averages') }} as averages
left join {{ ref('dim_locations') }} as locations
    on averages.location_id = locations.location_id
left join {{ ref('who_guidelines') }} as guidelines
    on
        averages.parameter = guidelines.parameter
        and averages.unit = guidelines.unit
left join {{ ref('fct_guideline_exceedances') }} as exceedances
    on
        averages.location_id = exceedances.location_id
        and averages.parameter = exceedances.parameter
        and averages.unit = exceedances.unit
        and averages.partition_date = exceedances.partition_date
