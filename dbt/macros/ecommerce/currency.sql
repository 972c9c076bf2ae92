{#
    Joins the rate of a currency to US dollars that is in force on a date, as `rates`: the newest that is not after it.
    A date before the first rate, and a currency without rates, join nothing: the tests on `usd_rate` say so.
#}
{% macro join_usd_rates(currency, date) -%}
left join {{ ref('int_ecommerce__usd_rates') }} as rates
        on
            {{ currency }} = rates.currency
            and {{ date }} = rates.rate_date
{%- endmacro %}


{#
    An amount in US dollars, to the cent, halves away from zero.
    Both factors are cast, for the scale of a product differs by engine; 18 + 18 digits are within the 38 of each.
#}
{% macro in_usd(amount, rate) -%}
    cast(round(cast({{ amount }} as decimal(18, 3)) * cast({{ rate }} as decimal(18, 8)), 2) as decimal(18, 2))
{%- endmacro %}


{# What a line costs before its discount, in the order's currency. #}
{% macro gross_amount(quantity, unit_price) -%}
    cast(cast({{ quantity }} as decimal(12, 0)) * cast({{ unit_price }} as decimal(10, 2)) as decimal(18, 2))
{%- endmacro %}
