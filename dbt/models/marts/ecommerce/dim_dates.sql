with digits as (
    select 0 as digit
    {% for digit in range(1, 10) %}
        union all
        select {{ digit }} as digit
    {% endfor %}
),

numbers as (
    select
        ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit
        + 10000 * ten_thousands.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as ten_thousands
),

dated as (
    select
        min(order_date) as first_date,
        max(order_date) as last_date
    from {{ ref('fct_orders') }}
    union all
    select
        min(revenue_date) as first_date,
        max(revenue_date) as last_date
    from {{ ref('fct_revenue_reconciliation') }}
    union all
    select
        min(performance_date) as first_date,
        max(performance_date) as last_date
    from {{ ref('fct_channel_performance') }}
),

years as (
    select
        {{ first_of_year('min(first_date)') }} as first_date,
        {{ last_of_year('max(last_date)') }} as last_date
    from dated
),

dates as (
    select {{ days_after('cast(numbers.number as integer)', 'years.first_date') }} as calendar_date
    from years
    inner join numbers
        on numbers.number <= {{ days_between('years.first_date', 'years.last_date') }}
),

parts as (
    select
        calendar_date,
        {{ year_of('calendar_date') }} as calendar_year,
        {{ quarter_of('calendar_date') }} as calendar_quarter,
        {{ month_of('calendar_date') }} as calendar_month,
        {{ day_of_month('calendar_date') }} as day_of_month,
        {{ weekday_number('calendar_date') }} as weekday_number
    from dates
)

select
    calendar_date,
    calendar_year,
    calendar_quarter,
    calendar_month,
    day_of_month,
    weekday_number,
    {{ days_after('1 - weekday_number', 'calendar_date') }} as week_starts_on,
    weekday_number >= 6 as is_weekend,
    (calendar_month = 11 and day_of_month >= 15) or calendar_month = 12 as is_holiday_season
from parts
