{# The date this many days after a date. #}
{% macro days_after(number, date) -%}
    cast({{ dbt.dateadd('day', number, date) }} as date)
{%- endmacro %}


{# Days from one date to another; of whole dates all engines count the same. #}
{% macro days_between(first, second) -%}
    cast({{ dbt.datediff(first, second, 'day') }} as bigint)
{%- endmacro %}


{# Parts of a date as numbers; those of the week differ by engine. #}
{% macro year_of(date) -%}
    cast(extract(year from {{ date }}) as integer)
{%- endmacro %}

{% macro quarter_of(date) -%}
    cast(extract(quarter from {{ date }}) as integer)
{%- endmacro %}

{% macro month_of(date) -%}
    cast(extract(month from {{ date }}) as integer)
{%- endmacro %}

{% macro day_of_month(date) -%}
    cast(extract(day from {{ date }}) as integer)
{%- endmacro %}


{# Monday is 1, Sunday 7, counted from a Monday that lies before every date that we keep. #}
{% macro weekday_number(date) -%}
    cast(mod({{ days_between("date '1900-01-01'", date) }}, 7) + 1 as integer)
{%- endmacro %}


{# First or last date of the year of a date. #}
{% macro first_of_year(date) -%}
    cast({{ dbt.date_trunc('year', date) }} as date)
{%- endmacro %}

{% macro last_of_year(date) -%}
    cast({{ dbt.dateadd('day', -1, dbt.dateadd('year', 1, dbt.date_trunc('year', date))) }} as date)
{%- endmacro %}
