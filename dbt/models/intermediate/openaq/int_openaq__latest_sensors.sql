with captures as (
    select
        *,
        min(partition_date) over (partition by sensor_id) as first_seen_on,
        row_number() over (partition by sensor_id order by partition_date desc nulls last) as captures_back
    from {{ ref('stg_openaq__sensors') }}
),

latest as (
    select
        sensor_id,
        location_id,
        sensor_name,
        parameter,
        unit,
        first_seen_on,
        partition_date as last_seen_on
    from captures
    where captures_back = 1
)

select * from latest
