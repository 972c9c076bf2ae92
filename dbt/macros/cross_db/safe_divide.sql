{# A quotient as DOUBLE, null for a zero divisor: `1/2` is 0 on Trino and `1/0` is infinite on DuckDB. #}
{% macro safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0))
{%- endmacro %}
