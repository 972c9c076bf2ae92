{#
    Replaces dbt's macro of this name: what a data test reads of the model it is attached to.

    A model whose meta names what is `owed` is tested in the owed partitions only; the others were tested when they
    were built, and reading all history every day would cost more than building.
#}
{% macro get_where_subquery(relation) %}
    {% set tested = graph.nodes.get(model.attached_node) if execute %}
    {% set meta = tested.config.meta if tested else {} %}
    {% set conditions = [config.get('where')] if config.get('where') else [] %}
    {% if meta.get('owed') and owed_days(meta.owed) is not none %}
        {% do conditions.append(owed_partitions(meta.owed, widen=meta.get('widen_days', 0), since=meta.get('since'))) %}
    {% endif %}
    {% if not conditions %}
        {{ return(relation) }}
    {% endif %}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as tested') }}
{% endmacro %}
