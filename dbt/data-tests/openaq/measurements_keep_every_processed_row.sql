with processed as (
    select
        partition_date,
        count(*) as row_count
    from {{ ref('stg_openaq__measurements') }}
    where {{ owed_partitions('measurements', prune=true) }}
    group by partition_date
),

built as (
    select
        partition_date,
        count(*) as row_count
    from {{ ref('fct_measurements') }}
    where {{ owed_partitions('measurements') }}
    group by partition_date
)

select
    coalesce(processed.partition_date, built.partition_date) as partition_date,
    coalesce(processed.row_count, 0) as processed_rows,
    coalesce(built.row_count, 0) as built_rows
from processed
full outer join built
    on processed.partition_date = built.partition_date
where coalesce(processed.row_count, 0) <> coalesce(built.row_count, 0)
