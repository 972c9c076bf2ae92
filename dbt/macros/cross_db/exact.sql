{# A number whose sum does not depend on the order of the rows: sums of DOUBLE differ between engines and runs. #}
{% macro exact(expression) -%}
    cast({{ expression }} as decimal(28, 6))
{%- endmacro %}
