{#
    Predicate for the partitions that this run owes.

    The runner hands in `owed`: {"measurements": ["2025-11-20", …]}, the UTC days of each entity whose rows changed.
    An entity that is absent owes every partition, an empty list owes none.
    Days in a row become a range and whole months a name, so that years of days stay a short text.

    entity: whose partitions, or a list of several; column: the DATE column to compare;
    widen:  also the days this many before and after, for a result that draws on neighbouring partitions;
    prune:  also compare the Hive keys, without which an engine opens every file of a source;
    since:  a DATE column; the row is made from partitions between it and `column`, and is owed when one of them may be.
#}
{% macro owed_partitions(entity, column='partition_date', widen=0, prune=false, since=none) -%}
    {%- set days = owed_days(entity, widen) -%}
    {%- if days is none -%}
        1 = 1
    {%- elif not days -%}
        1 = 0
    {%- elif since -%}
        {{ days_meeting(since, column, days) }}
    {%- else -%}
        {{ days_among(column, days) }}
        {%- if prune %} and ({{ hive_keys_among(days) }}){% endif -%}
    {%- endif -%}
{%- endmacro %}


{# The owed days of an entity, or of all those in a list, as sorted ISO texts; none when everything is owed. #}
{% macro owed_days(entity, widen=0) %}
    {% set owed = var('owed', {}) %}
    {% set days = [] %}
    {% for name in ([entity] if entity is string else entity) %}
        {% if name not in owed %}
            {{ return(none) }}
        {% endif %}
        {% do days.extend(owed[name] if widen == 0 else days_around(owed[name], widen)) %}
    {% endfor %}
    {{ return(days | unique | sort) }}
{% endmacro %}


{# The days and those at most this many before and after each, in no order and more than once. #}
{% macro days_around(days, widen) %}
    {% set around = [] %}
    {% for text in days %}
        {% set day = modules.datetime.date.fromisoformat(text) %}
        {% for offset in range(-widen, widen + 1) %}
            {% do around.append((day + modules.datetime.timedelta(days=offset)).isoformat()) %}
        {% endfor %}
    {% endfor %}
    {{ return(around) }}
{% endmacro %}


{# Sorted days, in lists of days that follow each other. #}
{% macro runs_of_days(days) %}
    {% set runs = [] %}
    {% set last = namespace(ordinal=0) %}
    {% for day in days %}
        {% set ordinal = modules.datetime.date.fromisoformat(day).toordinal() %}
        {% if ordinal == last.ordinal + 1 %}
            {% do runs[-1].append(day) %}
        {% else %}
            {% do runs.append([day]) %}
        {% endif %}
        {% set last.ordinal = ordinal %}
    {% endfor %}
    {{ return(runs) }}
{% endmacro %}


{# A range for each run of three days or more, and one list of the other days. #}
{% macro days_among(column, days) -%}
    {%- set conditions = [] -%}
    {%- set single = [] -%}
    {%- for run in runs_of_days(days) -%}
        {%- if run | length > 2 -%}
            {%- do conditions.append(column ~ " between date '" ~ run[0] ~ "' and date '" ~ run[-1] ~ "'") -%}
        {%- else -%}
            {%- do single.extend(run) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if single -%}{%- do conditions.append(column ~ " in (date '" ~ single | join("', date '") ~ "')") -%}{%- endif -%}
    {{ conditions[0] if conditions | length == 1 else '(' ~ conditions | join(' or ') ~ ')' }}
{%- endmacro %}


{# Rows that reach from one date to another, and one of the days lies between. #}
{% macro days_meeting(since, until, days) -%}
    {%- set conditions = [] -%}
    {%- for run in runs_of_days(days) -%}
        {%- do conditions.append(
            '(' ~ until ~ " >= date '" ~ run[0] ~ "' and " ~ since ~ " <= date '" ~ run[-1] ~ "')"
        ) -%}
    {%- endfor -%}
    ({{ conditions | join(' or ') }})
{%- endmacro %}


{# One comparison per year of whole months and one per other month: engines prune by equality and IN lists. #}
{% macro hive_keys_among(days) -%}
    {%- set months = {} -%}
    {%- set whole = {} -%}
    {%- set conditions = [] -%}
    {%- for day in days -%}{%- do months.setdefault(day[:7], []).append("'" ~ day[8:] ~ "'") -%}{%- endfor -%}
    {%- for month, keys in months.items() -%}
        {%- if keys | length == days_in_month(month) -%}
            {%- do whole.setdefault(month[:4], []).append("'" ~ month[5:] ~ "'") -%}
        {%- else -%}
            {%- do conditions.append(
                "(year = '" ~ month[:4] ~ "' and month = '" ~ month[5:] ~ "' and day in (" ~ keys | join(', ') ~ '))'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for year, keys in whole.items() -%}
        {%- do conditions.append("(year = '" ~ year ~ "' and month in (" ~ keys | join(', ') ~ '))') -%}
    {%- endfor -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}


{% macro days_in_month(month) %}
    {% set first = modules.datetime.date.fromisoformat(month ~ '-01') %}
    {% set next_month = (first + modules.datetime.timedelta(days=31)).replace(day=1) %}
    {{ return((next_month - first).days) }}
{% endmacro %}


{# The Hive keys, which models carry along for `prune` and read for nothing else. #}
{% macro hive_keys() -%}
    year, month, day
{%- endmacro %}
