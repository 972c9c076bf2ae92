select
    guidelines.parameter,
    guidelines.unit,
    conversions.to_unit
from {{ ref('who_guidelines') }} as guidelines
inner join {{ ref('unit_conversions') }} as conversions
    on guidelines.parameter = conversions.parameter
where guidelines.unit <> conversions.to_unit
