select
    customer_id,
    count(*) as versions,
    sum(case when is_current then 1 else 0 end) as versions_without_end,
    max(version) as last_version
from {{ ref('dim_customers') }}
group by customer_id
having
    sum(case when is_current then 1 else 0 end) <> 1
    or count(*) <> max(version)
