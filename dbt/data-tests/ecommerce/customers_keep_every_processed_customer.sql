select captured.customer_id
from {{ ref('stg_ecommerce__customers') }} as captured
left join {{ ref('dim_customers') }} as customers
    on
        captured.customer_id = customers.customer_id
        and customers.is_current
where
    {{ owed_partitions('customers', column='captured.partition_date') }}
    and customers.customer_id is null
