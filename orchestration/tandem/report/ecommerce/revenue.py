"""Revenue by day and by month, and which orders make it."""

from __future__ import annotations

from tandem.report.blocks import Cell, Chart, Column, Key, Table
from tandem.report.charts import Line, line_chart
from tandem.report.ecommerce import marts
from tandem.report.ecommerce.view import View
from tandem.report.words import money, share


def revenue_chart(view: View) -> Chart:
    """Revenue, refunds and net revenue."""
    lines = [
        Line("Revenue", "c0", [day.revenue for day in view.every_day]),
        Line("Net revenue", "c2", [day.net for day in view.every_day]),
        Line("Refunds", "c1", [day.refunds for day in view.every_day]),
    ]
    svg = line_chart(f"Revenue, net revenue and refunds of each day, {view.dates}.", view.over.days, lines, unit="USD")
    caption = "Refunds are taken off on the day they were paid back, so net revenue can fall below zero."
    return Chart("Revenue", svg, [Key(line.tone, line.name) for line in lines], caption)


def month_table(view: View) -> Table:
    """The months of the whole history, newest first."""
    rows = [
        [f"{m.first:%B %Y}", f"{m.orders:,}", *(money(usd) for usd in (m.discounts, m.revenue, m.refunds, m.net))]
        for m in marts.months(view.query)
    ]
    words = ("Month", "Orders", "Discounts", "Revenue", "Refunds", "Net revenue")
    note = (
        f"Orders that count, newest month first, {marts.MONTHS} months at most; the first and the last may be "
        "incomplete. Discounts are off already."
    )
    return Table("Revenue by month", [Column(word, figures=word != "Month") for word in words], rows, note)


def status_table(view: View) -> Table:
    """Orders by their newest status, and whether they count."""
    whole = sum(row.orders for row in view.statuses)
    rows: list[list[str | Cell]] = [
        [
            row.status,
            Cell("yes", "good") if row.counts else Cell("no", "mute"),
            f"{row.orders:,}",
            share(row.orders, whole),
            money(row.total),
        ]
        for row in view.statuses
    ]
    columns = [
        Column("Status"),
        Column("Counts as revenue"),
        Column("Orders", True),
        Column("Share", True),
        Column("Worth", True),
    ]
    note = "Orders of these days, each by its newest status; one that does not count is not in any figure above."
    return Table("Orders by status", columns, rows, note, "No order in these days.")
