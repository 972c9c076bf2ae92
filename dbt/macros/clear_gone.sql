{#
    Post-hook of a merged model: deletes the owed rows whose key the model is no longer made from.

    A merge replaces keys and adds them; one that vanished at its source, because its only capture was refined again
    and set it aside, would stay for ever. It comes after the merge: a model that fails has deleted nothing.
    Reads the model's meta: `owed` and `since` (see macros/owed_partitions.sql).

    upstream: name of a model that the model refers to; key: the column that both have, never null.
#}
{% macro clear_gone(upstream, key) -%}
    {%- set meta = model.config.meta -%}
    {%- if execute and owed_days(meta.owed) is not none -%}
        delete from {{ this }}
        where {{ owed_partitions(meta.owed, since=meta.get('since')) }}
            and {{ key }} not in (select {{ key }} from {{ ref(upstream) }})
    {%- endif -%}
{%- endmacro %}
