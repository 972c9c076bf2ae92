"""What the marketing channels cost, what they are said to have brought, and how that compares with revenue."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from tandem.report.blocks import ROWS, Cell, Chart, Column, Key, Table
from tandem.report.charts import TONES, Line, line_chart
from tandem.report.ecommerce import marts
from tandem.report.ecommerce.marts import Channel
from tandem.report.ecommerce.view import View
from tandem.report.words import money, share, short_date

_DASH = Cell("\N{EN DASH}", "mute", "not known")


def claims_chart(view: View) -> Chart:
    """Revenue beside what all channels claim of it."""
    claimed = {row.day: row.attributed for row in view.reconciled}
    lines = [
        Line("Revenue", "c0", [day.revenue for day in view.every_day]),
        Line("Attributed revenue", "c3", [claimed.get(day) for day in view.over.days]),
    ]
    svg = line_chart(f"Revenue and attributed revenue, {view.dates}.", view.over.days, lines, unit="USD")
    caption = "Attributed revenue is what the campaigns claim; it is held against revenue, never joined to orders."
    return Chart("Revenue and claims", svg, [Key(line.tone, line.name) for line in lines], caption)


def channel_chart(view: View) -> Chart:
    """Attributed revenue by channel."""
    by_channel: dict[str, dict[date, float | None]] = defaultdict(dict)
    for claim in marts.claims(view.query, view.over, TONES):
        by_channel[claim.channel][claim.day] = claim.attributed
    shown = [row.channel for row in view.channels if row.channel in by_channel]
    lines = [Line(name, f"c{n}", [by_channel[name].get(day) for day in view.over.days]) for n, name in enumerate(shown)]
    svg = line_chart(f"Attributed revenue by channel, {view.dates}.", view.over.days, lines, unit="USD")
    caption = "A gap is a day for which nothing was delivered."
    if len(view.channels) > len(lines):
        caption += f" The {len(lines)} largest of {len(view.channels):,} channels."
    return Chart("Attributed revenue by channel", svg, [Key(line.tone, line.name) for line in lines], caption)


def channel_table(view: View) -> Table:
    """Per channel what was spent and what came of it."""
    note = "Return on spend is attributed revenue for each dollar spent."
    if len(view.channels) > ROWS:
        note += (
            f" The first {ROWS} of {len(view.channels):,} channels; all are in ecommerce_marts.fct_channel_performance."
        )
    words = (
        "Channel", "Spend", "Clicks", "Conversions", "Cost per conversion", "Attributed revenue", "Return on spend",
    )  # fmt: skip
    columns = [Column(word, figures=word != "Channel") for word in words]
    rows = [_channel_row(row) for row in view.channels[:ROWS]]
    return Table("Channels", columns, rows, note, "No file of the marketing covers these days.")


def _channel_row(row: Channel) -> list[str | Cell]:
    back = row.attributed / row.spend if row.spend else None
    return [
        row.channel,
        _DASH if row.spend is None else money(row.spend),
        _DASH if row.clicks is None else f"{row.clicks:,}",
        _DASH if row.conversions is None else f"{row.conversions:,}",
        money(row.spend / row.conversions) if row.spend and row.conversions else _DASH,
        money(row.attributed),
        _DASH
        if back is None
        else Cell(f"{back:.2f}", "" if back >= 1 else "poor", "" if back >= 1 else "less than spent"),
    ]


def reconciliation(view: View) -> Table:
    """Revenue, the part of it that channels claim, and the rest."""
    revenue = sum(row.revenue for row in view.reconciled)
    parts = [
        ("Revenue", revenue),
        ("Attributed to channels", view.attributed),
        ("Not attributed", revenue - view.attributed),
    ]
    rows = [[name, money(usd), share(usd, revenue)] for name, usd in parts] if view.reconciled else []
    columns = [Column("What"), Column("Amount", True), Column("Share of revenue", True)]
    return Table(
        "Attributed revenue against revenue", columns, rows, _over(view), "Nothing to hold against each other."
    )


def _over(view: View) -> str:
    over = [row for row in view.reconciled if row.is_over]
    if not over:
        return "On no day do the channels claim more than there was."
    worst = max(over, key=lambda row: (row.attributed - row.revenue, row.day))
    days = "one day" if len(over) == 1 else f"{len(over):,} days"
    return (
        f"On {days} of {len(view.reconciled):,} the channels claim more than there was, most on "
        f"{short_date(worst.day)}: {money(worst.attributed)} of {money(worst.revenue)}."
    )
