{#
    Predicate for the partitions that this run owes.

    The runner hands in `owed`: {"measurements": ["2025-11-20", …]}, the UTC days of each entity whose rows changed.
    An entity that is absent owes every partition, an empty list owes none.

    entity: whose partitions; column: the DATE column to compare;
    widen:  also the days this many before and after, for a result that draws on neighbouring partitions;
    prune:  also compare the Hive keys, without which an engine opens every file of a source.
#}
{% macro owed_partitions(entity, column='partition_date', widen=0, prune=false) -%}
    {%- set days = owed_days(entity, widen) -%}
    {%- if days is none -%}
        1 = 1
    {%- elif not days -%}
        1 = 0
    {%- else -%}
        {{ column }} in ({% for day in days %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor %})
        {%- if prune %} and ({{ hive_keys_among(days) }}){% endif -%}
    {%- endif -%}
{%- endmacro %}


{# The owed days as sorted ISO texts; none when everything is owed. #}
{% macro owed_days(entity, widen=0) %}
    {% set owed = var('owed', {}) %}
    {% if entity not in owed %}
        {{ return(none) }}
    {% endif %}
    {% set days = [] %}
    {% for text in owed[entity] %}
        {% set day = modules.datetime.date.fromisoformat(text) %}
        {% for offset in range(-widen, widen + 1) %}
            {% do days.append((day + modules.datetime.timedelta(days=offset)).isoformat()) %}
        {% endfor %}
    {% endfor %}
    {{ return(days | unique | sort) }}
{% endmacro %}


{# One comparison per month, because engines prune by equality and IN lists of the plain key columns. #}
{% macro hive_keys_among(days) -%}
    {%- set months = {} -%}
    {%- for day in days -%}
        {%- do months.setdefault(day[:7], []).append("'" ~ day[8:] ~ "'") -%}
    {%- endfor -%}
    {%- for month, keys in months.items() -%}
        (year = '{{ month[:4] }}' and month = '{{ month[5:] }}' and day in ({{ keys | join(', ') }}))
        {{- ' or ' if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}


{# The Hive keys, which models carry along for `prune` and read for nothing else. #}
{% macro hive_keys() -%}
    year, month, day
{%- endmacro %}
