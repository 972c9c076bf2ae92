{#
    A layer's schema is `<system>_<layer>` on every target, without the profile's own schema before it.
    The namespace keeps apart those who share a catalogue; the sources' YAML has the same prefix.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = env_var('TANDEM_NAMESPACE', '') -%}
    {%- if custom_schema_name -%}
        {{ prefix ~ '_' if prefix }}{{ custom_schema_name }}
    {%- else -%}
        {{ target.schema }}
    {%- endif -%}
{%- endmacro %}
