{#
    Replaces dbt-athena's macro of this name: the partitions that an insert_overwrite removes before it inserts.

    The adapter removes those that the new rows have; a day that became empty has none, and would stay.
    So all that the model owes are removed, by ranges instead of one by one. The new rows are in a table beside by then:
    a model that fails has removed nothing.
#}
{% macro delete_overlapping_partitions(target_relation, tmp_relation, partitioned_by) %}
    {% set meta = model.config.meta %}
    {% if not meta.get('owed') %}
        {{ return(dbt.delete_overlapping_partitions(target_relation, tmp_relation, partitioned_by)) }}
    {% endif %}
    {% do adapter.clean_up_partitions(target_relation, owed_in_glue(meta.owed, meta.get('widen_days', 0))) %}
{% endmacro %}


{# The owed days as expressions for Glue, each of one day or one run of days; the adapter joins and cuts them. #}
{% macro owed_in_glue(entity, widen=0) %}
    {% set days = owed_days(entity, widen) %}
    {% if days is none %}
        {{ return(["partition_date >= '0001-01-01'"]) }}
    {% endif %}
    {% set expressions = [] %}
    {% for run in runs_of_days(days) %}
        {% do expressions.append("partition_date >= '" ~ run[0] ~ "' and partition_date <= '" ~ run[-1] ~ "'") %}
    {% endfor %}
    {{ return(expressions) }}
{% endmacro %}
