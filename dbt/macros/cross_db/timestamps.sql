{# Naive timestamp in the widest precision that the engine's tables keep. #}
{% macro as_timestamp(expression) -%}
    {{ return(adapter.dispatch('as_timestamp')(expression)) }}
{%- endmacro %}

{% macro default__as_timestamp(expression) -%}
    cast({{ expression }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# A Hive table keeps milliseconds, an Iceberg table takes nothing but microseconds. #}
{% macro athena__as_timestamp(expression) -%}
    {{ cast_timestamp(expression) }}
{%- endmacro %}


{#
    Date of a period that ends at this timestamp: midnight still belongs to the day before.
    A millisecond is the smallest step that Trino's date_add knows.
#}
{% macro date_of_period_ending(timestamp) -%}
    cast({{ dbt.dateadd('millisecond', -1, timestamp) }} as date)
{%- endmacro %}


{#
    Number of the hour a timestamp falls into, to order and compare hours.
    From a whole hour on, counting boundaries (DuckDB, Snowflake) and complete units (Trino) agree.
#}
{% macro hour_number(timestamp) -%}
    cast({{ dbt.datediff("timestamp '2000-01-01 00:00:00'", timestamp, 'hour') }} as bigint)
{%- endmacro %}
