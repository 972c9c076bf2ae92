"""Completeness: which share of the hours there is a measurement for, by station and by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from tandem.report.blocks import ROWS, Block, Cell, Chart, Column, Figures, Key, Table
from tandem.report.charts import TONES, Line, line_chart
from tandem.report.openaq import marts
from tandem.report.openaq.marts import Coverage
from tandem.report.openaq.view import View, short_title, title
from tandem.report.window import Window, window


def completeness(view: View) -> list[Block]:
    """A table by station and parameter, and a chart by day."""
    over = window(view.query, "openaq_marts.fct_measurements", "partition_date")
    if over is None:
        return []
    rows = list(marts.coverage(view.query, over))
    parameters = list(dict.fromkeys(parameter for parameter, _ in view.parameters))
    return [_share_table(view, _by_station(rows), parameters), _share_chart(over, rows, parameters)]


def _by_station(rows: Sequence[Coverage]) -> dict[tuple[int | None, str], float]:
    """Percent of the hours measured, over the days that were loaded: a day that nobody asked for is not missing."""
    hours: dict[tuple[int | None, str], float] = defaultdict(float)
    sensors: dict[tuple[int | None, str], set[int]] = defaultdict(set)
    for row in rows:
        hours[row.location_id, row.parameter] += row.hours
        sensors[row.location_id, row.parameter].add(row.sensor_id)
    days = len({row.day for row in rows})
    return {key: 100 * hours[key] / (24 * days * len(ids)) for key, ids in sensors.items()}


def _by_day(rows: Sequence[Coverage], parameter: str, over: Window) -> list[float | None]:
    """Percent of the hours measured on each day by the sensors of a parameter; None: nothing loaded."""
    loaded = {row.day for row in rows}
    own = [row for row in rows if row.parameter == parameter]
    whole = 24 * len({row.sensor_id for row in own})
    hours: dict[date, float] = defaultdict(float)
    for row in own:
        hours[row.day] += row.hours
    return [100 * hours[day] / whole if whole and day in loaded else None for day in over.days]


def _share_table(view: View, shares: dict[tuple[int | None, str], float], parameters: Sequence[str]) -> Table:
    ids = list({location_id for location_id, _ in shares})
    lowest = {i: min(value for (at, _), value in shares.items() if at == i) for i in ids} if len(ids) > ROWS else {}
    shown = sorted(sorted(ids, key=lambda i: lowest.get(i, 0.0))[:ROWS], key=view.name)
    rows: list[list[str | Cell]] = [
        [view.name(i), *(_share_cell(shares.get((i, p))) for p in parameters)] for i in shown
    ]
    note = "Share of the hours measured, over all days loaded; a dash: not measured here."
    if len(ids) > ROWS:
        note += f" The {ROWS} least complete of {len(ids):,} stations."
    columns = [Column("Station"), *(Column(short_title(p), True) for p in parameters)]
    return Table("How complete the data is", columns, rows, note)


def _share_cell(percent: float | None) -> Cell:
    if percent is None:
        return Cell("\N{EN DASH}", "mute", "not measured")
    tone = "good" if percent >= 90 else "fair" if percent >= 75 else "poor" if percent >= 50 else "bad"
    return Cell(f"{percent:.0f} %", f"fill {tone}")


def _share_chart(over: Window, rows: Sequence[Coverage], parameters: Sequence[str]) -> Figures:
    lines = [Line(title(p), f"c{n % TONES}", _by_day(rows, p, over)) for n, p in enumerate(parameters)]
    label = f"Share of hours measured on each day, per parameter, {over.first} to {over.last}."
    svg = line_chart(label, over.days, lines, unit="%", top=100)
    legend = [Key(line.tone, line.name) for line in lines]
    caption = "Share in percent of the hours of a day (UTC) measured, over all sensors that reported at all."
    return Figures([Chart("Completeness by day", svg, legend, caption)])
