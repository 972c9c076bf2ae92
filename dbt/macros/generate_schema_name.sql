{# A layer's schema is `<system>_<layer>` on every target, without the profile's own schema before it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
