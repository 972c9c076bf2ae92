"""The shop's part of the page, read from the marts of ecommerce."""

from __future__ import annotations

from tandem.report.blocks import Block, Figures, Note, Section, Tile, Tiles
from tandem.report.ecommerce.channels import channel_chart, channel_table, claims_chart, reconciliation
from tandem.report.ecommerce.customers import tier_table
from tandem.report.ecommerce.revenue import month_table, revenue_chart, status_table
from tandem.report.ecommerce.view import View
from tandem.report.window import Query, window
from tandem.report.words import long_dates, money, share, short_money

TITLE = "The shop"


def section(query: Query) -> Section:
    """The section on the shop's marts, read through `query` (SQL in; column names and rows out).

    An empty warehouse gives a section that says so. Raises what `query` raises.
    """
    over = window(query, "ecommerce_marts.fct_daily_revenue", "revenue_date")
    if over is None:
        return Section("ecommerce", TITLE, "", [Note("The marts hold no order yet.")])
    view = View(query, over)
    charts = [revenue_chart(view)]
    if view.reconciled:
        charts.append(claims_chart(view))
    if view.channels:
        charts.append(channel_chart(view))
    blocks: list[Block] = [
        _tiles(view),
        Figures(charts, "Day by day", "Hovering over a mark shows its value."),
        month_table(view),
        channel_table(view),
        reconciliation(view),
        tier_table(view),
        status_table(view),
    ]
    intro = (
        f"Orders, payments and marketing of the shop, {long_dates(*over)} by UTC dates of the orders. "
        "All amounts are US dollars, at the rate of the order's date."
    )
    return Section("ecommerce", TITLE, intro, blocks)


def _tiles(view: View) -> Tiles:
    orders = sum(row.orders for row in view.statuses)
    counted = sum(row.orders for row in view.statuses if row.counts)
    customers, value = sum(t.customers for t in view.tiers), sum(t.lifetime_value for t in view.tiers)
    return Tiles(
        [
            Tile("Revenue", short_money(view.revenue), f"in {len(view.over.days)} days"),
            Tile("Refunds", short_money(view.refunds), f"{share(view.refunds, view.revenue)} of revenue"),
            Tile("Net revenue", short_money(view.net)),
            Tile("Orders", f"{orders:,}", f"{counted:,} count as revenue"),
            Tile("Average order", money(view.revenue / counted if counted else None) or "none", "of those that count"),
            Tile("Attributed", share(view.attributed, view.revenue), "of revenue, claimed by channels"),
            Tile("Customers", f"{customers:,}", f"lifetime value {short_money(value)}"),
        ]
    )
