{#
    Pre-hook of every model: empties the owed partitions of an incremental one before they are filled again.

    Without it a partition that has no rows any more would keep the old ones, on every engine.
    It shares the transaction of the insert, so a failed model leaves the table as it was.
    A `merge` clears nothing: its keys never vanish, or go when the new rows are there (macros/clear_gone.sql).
    Reads the model's meta: `owed` (entity, or a list of several) and `widen_days` (how far a changed partition reaches).
#}
{% macro clear_owed() -%}
    {%- set replaces = config.get('materialized') == 'incremental' and config.get('incremental_strategy') != 'merge' -%}
    {%- if execute and replaces and is_built(this) and not should_full_refresh() -%}
        {%- set meta = model.config.meta -%}
        {{ clear_partitions(this, owed_partitions(meta.owed, widen=meta.get('widen_days', 0))) }}
    {%- endif -%}
{%- endmacro %}


{% macro is_built(relation) %}
    {{ return(load_relation(relation) is not none) }}
{% endmacro %}


{% macro clear_partitions(relation, predicate) -%}
    {{ return(adapter.dispatch('clear_partitions')(relation, predicate)) }}
{%- endmacro %}

{% macro default__clear_partitions(relation, predicate) -%}
    {{ exceptions.raise_compiler_error("clear_partitions is not written for " ~ adapter.type() ~ ": see macros/clear_owed.sql.") }}
{%- endmacro %}

{% macro duckdb__clear_partitions(relation, predicate) -%}
    delete from {{ relation }} where {{ predicate }}
{%- endmacro %}

{# Athena has no transaction: its partitions go when the new rows are there, see macros/athena/overwrite.sql. #}
{% macro athena__clear_partitions(relation, predicate) -%}
{%- endmacro %}
