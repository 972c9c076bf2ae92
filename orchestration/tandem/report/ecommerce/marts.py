"""What the ecommerce section reads: plain SQL on the marts, the same on every target, summed up by the warehouse."""

# What is put into the text of a query is a constant or a date.
# ruff: noqa: S608

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from tandem.report.window import Query, Window

MONTHS = 24


class Day(NamedTuple):
    """Money of one day; a day without an order has no row."""

    day: date
    revenue: float
    refunds: float
    net: float


class Month(NamedTuple):
    """Sums of one month; only orders that count are in it."""

    first: date
    orders: int
    discounts: float
    revenue: float
    refunds: float
    net: float


class Status(NamedTuple):
    """Orders of one status; only some statuses count as revenue."""

    status: str
    counts: bool
    orders: int
    total: float


class Channel(NamedTuple):
    """What one channel cost and is said to have brought; None: the files do not say."""

    channel: str
    spend: float | None
    clicks: int | None
    conversions: int | None
    attributed: float


class Claim(NamedTuple):
    """What one channel is said to have brought on one day; None: only what it cost is known."""

    day: date
    channel: str
    attributed: float | None


class Reconciled(NamedTuple):
    """Revenue of one day beside what all channels claim of it."""

    day: date
    revenue: float
    attributed: float
    is_over: bool


class Tier(NamedTuple):
    """Customers of one tier, and what they have brought so far."""

    tier: str | None
    customers: int
    lifetime_value: float


def days(query: Query, over: Window) -> list[Day]:
    """Revenue, refunds and what is left, per day that has a row."""
    sql = f"""
        select revenue_date, {_usd("revenue_usd")}, {_usd("refunds_usd")}, {_usd("net_revenue_usd")}
        from ecommerce_marts.fct_daily_revenue
        where {over.within("revenue_date")}
        group by revenue_date
        order by revenue_date"""
    return [Day(*row) for row in query(sql)[1]]


def months(query: Query) -> list[Month]:
    """The last MONTHS months that the warehouse has, newest first."""
    month = "cast(date_trunc('month', revenue_date) as date)"
    sql = f"""
        select {month}, sum(orders), {_usd("discount_usd")}, {_usd("revenue_usd")}, {_usd("refunds_usd")},
            {_usd("net_revenue_usd")}
        from ecommerce_marts.fct_daily_revenue
        group by {month}
        order by {month} desc
        limit {MONTHS}"""
    return [Month(*row) for row in query(sql)[1]]


def statuses(query: Query, over: Window) -> list[Status]:
    """Orders of the window by their newest status, those that count first."""
    sql = f"""
        select status, counts_as_revenue, count(*), {_usd("total_usd")}
        from ecommerce_marts.fct_orders
        where {over.within("order_date")}
        group by status, counts_as_revenue
        order by 2 desc, 3 desc, 1"""
    return [Status(*row) for row in query(sql)[1]]


def channels(query: Query, over: Window) -> list[Channel]:
    """All channels, those that claim most first."""
    sql = f"""
        select channel, cast(sum(spend_usd) as double), sum(clicks), sum(conversions), {_usd("attributed_revenue_usd")}
        from ecommerce_marts.fct_channel_performance
        where {over.within("performance_date")}
        group by channel
        order by 5 desc, 1"""
    return [Channel(*row) for row in query(sql)[1]]


def claims(query: Query, over: Window, most: int) -> list[Claim]:
    """The claims by day of the `most` channels that claim most."""
    sql = f"""
        with ranked as (
            select channel, row_number() over (order by {_usd("attributed_revenue_usd")} desc, channel) as place
            from ecommerce_marts.fct_channel_performance
            where {over.within("performance_date")}
            group by channel
        )
        select performance_date, performance.channel, cast(sum(attributed_revenue_usd) as double)
        from ecommerce_marts.fct_channel_performance as performance
        inner join ranked on performance.channel = ranked.channel and ranked.place <= {most}
        where {over.within("performance_date")}
        group by performance_date, performance.channel"""
    return [Claim(*row) for row in query(sql)[1]]


def reconciled(query: Query, over: Window) -> list[Reconciled]:
    """Revenue beside attributed revenue, per day that has a row."""
    sql = f"""
        select revenue_date, {_usd("revenue_usd")}, {_usd("attributed_revenue_usd")},
            max(case when is_over_attributed then 1 else 0 end) = 1
        from ecommerce_marts.fct_revenue_reconciliation
        where {over.within("revenue_date")}
        group by revenue_date
        order by revenue_date"""
    return [Reconciled(*row) for row in query(sql)[1]]


def tiers(query: Query) -> list[Tier]:
    """Customers as they are now, by tier."""
    sql = f"""
        select tier, count(*), {_usd("lifetime_value_usd")}
        from ecommerce_marts.dim_customers
        where is_current
        group by tier
        order by 3 desc, 1"""
    return [Tier(*row) for row in query(sql)[1]]


def _usd(column: str) -> str:
    """Sum of an amount: exact in the warehouse, then a plain number."""
    return f"cast(coalesce(sum({column}), 0) as double)"
