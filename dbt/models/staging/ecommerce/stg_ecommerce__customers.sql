select
    customer_id,
    email,
    first_name,
    last_name,
    phone,
    address,
    city,
    state,
    country,
    zip_code,
    created_at,
    updated_at,
    {{ hive_keys() }},
    partition_date
from {{ source('ecommerce', 'customers') }}
