{# The newest date is at most `days` before the logical date of the run; without a logical date there is nothing to be late for. #}
{% test fresh(model, column_name, days) %}
{% set logical_date = var('logical_date', none) %}
select max({{ column_name }}) as newest
from {{ model }}
{% if logical_date %}
{% set oldest = modules.datetime.date.fromisoformat(logical_date[:10]) - modules.datetime.timedelta(days=days) %}
having max({{ column_name }}) is null or max({{ column_name }}) < date '{{ oldest }}'
{% else %}
having 1 = 0
{% endif %}
{% endtest %}
