{# Replaces dbt-duckdb's macro of this name: a DuckDB file has no partitions, and the adapter would warn of each. #}
{% macro duckdb__get_partitioned_by(relation, temporary) %}
    {{ return(none) }}
{% endmacro %}
