{#
    Replaces dbt-athena's macro of this name: the conditions that cut a table's partitions into batches.

    Without any row there is one batch of nothing, else a first build without rows would make no table;
    a table without partitions is one batch.
#}
{% macro get_partition_batches(sql, as_subquery=True) %}
    {% if not config.get('partitioned_by') %}
        {{ return(['1 = 1']) }}
    {% endif %}
    {{ return(dbt.get_partition_batches(sql, as_subquery) or ['1 = 0']) }}
{% endmacro %}


{#
    Replaces dbt-athena's macro of this name: a table of more partitions than one statement may write.

    The adapter takes this way also for a temporary table, which is read as a whole and needs no partitions,
    and fails on a table that has none.
#}
{% macro create_table_as_with_partitions(temporary, relation, compiled_code, language='sql') %}
    {% if temporary or not config.get('partitioned_by') %}
        {% do run_query(create_table_as(temporary, relation, compiled_code, language, true)) %}
    {% else %}
        {% do dbt.create_table_as_with_partitions(temporary, relation, compiled_code, language) %}
    {% endif %}
{% endmacro %}
