{# The earliest or latest of several columns, nulls passed over: with a null, least() and greatest() differ by engine. #}
{% macro earliest_of(columns) -%}
    {{ extreme_of(columns, '<=') }}
{%- endmacro %}

{% macro latest_of(columns) -%}
    {{ extreme_of(columns, '>=') }}
{%- endmacro %}

{# The first column that is not null and holds the comparison with all that come after it. #}
{% macro extreme_of(columns, comparison) -%}
    case
    {%- for column in columns[:-1] %}
        when {{ column }} is not null
        {%- for other in columns[loop.index:] %} and ({{ column }} {{ comparison }} {{ other }} or {{ other }} is null){% endfor %} then {{ column }}
    {%- endfor %}
        else {{ columns[-1] }}
    end
{%- endmacro %}
