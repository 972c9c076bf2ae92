"""Daily values against the WHO guideline: charts by parameter, and the days above it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from tandem.report.blocks import ROWS, Cell, Chart, Column, Figures, Key, Table
from tandem.report.charts import TONES, Line, line_chart
from tandem.report.openaq import marts
from tandem.report.openaq.marts import Series
from tandem.report.openaq.view import LEVELS, View, title
from tandem.report.words import figure, short_date

LINES = 10  # on one chart; the stations with the highest mean


def daily_charts(view: View) -> Figures:
    """One chart per parameter, one line per station."""
    shown = {pair: _highest(view.series, pair) for pair in view.parameters}
    everywhere = sorted({s.location_id for chosen in shown.values() for s in chosen}, key=lambda i: (view.name(i), i))
    by_series: dict[tuple[int, str, str], dict[date, float | None]] = defaultdict(dict)
    for row in marts.values(view.query, view.over, set(everywhere)):
        by_series[row.location_id, row.parameter, row.unit][row.day] = row.value
    # One colour per station on all charts and one legend, as long as there are colours enough.
    common = {i: f"c{n}" for n, i in enumerate(everywhere)} if len(everywhere) <= TONES else {}
    charts = []
    for pair, chosen in shown.items():
        tones = common or {s.location_id: f"c{n}" for n, s in enumerate(chosen)}
        lines = [
            Line(view.name(i), tones[i], [by_series[i, *pair].get(day) for day in view.over.days])
            for i in sorted({s.location_id for s in chosen}, key=list(tones).index)
        ]
        charts.append(_daily_chart(view, pair, chosen, lines, keyed=not common))
    note = "Dashed: the WHO guideline. A gap is a day without data. Hovering over a mark shows its value."
    legend = [Key(tone, view.name(i)) for i, tone in common.items()]
    return Figures(charts, "Daily values against the guideline", note, legend)


def _highest(series: Iterable[Series], pair: tuple[str, str]) -> list[Series]:
    own = [s for s in series if (s.parameter, s.unit) == pair and s.mean is not None]
    return sorted(own, key=lambda s: (-(s.mean or 0), s.location_id))[:LINES]


def _daily_chart(
    view: View, pair: tuple[str, str], chosen: Sequence[Series], lines: Sequence[Line], *, keyed: bool
) -> Chart:
    parameter, unit = pair
    limit = next((s.guideline for s in chosen if s.guideline is not None), None)
    highest_8h = any(s.averaging == "daily_max_8h_mean" for s in chosen)
    what = "highest 8-hour mean of the day" if highest_8h else "mean of the day"
    measuring = sum(1 for s in view.series if (s.parameter, s.unit) == pair)
    caption = f"{what[0].upper()}{what[1:]} in {unit}."
    if measuring > len(lines):
        caption += f" The {len(lines)} highest of {measuring:,} stations."
    legend = [Key(line.tone, line.name) for line in lines] if keyed else []
    if limit is not None:
        legend.append(Key("limit", f"guideline {limit:g} {unit}"))
    label = f"{title(parameter)}: {what} in {unit} at {len(lines)} stations, {view.over.first} to {view.over.last}."
    return Chart(title(parameter), line_chart(label, view.over.days, lines, unit=unit, limit=limit), legend, caption)


def exceedances(view: View) -> Table:
    """Per station and parameter, how often and how far the guideline was exceeded."""
    worst = marts.worst(view.query, view.over)
    above = sorted((s for s in view.series if s.days_above), key=lambda s: (-s.days_above, s.location_id, s.parameter))
    rows = []
    for s in above[:ROWS]:
        peak = worst.get((s.location_id, s.parameter, s.unit))
        days = f"{s.days_above} of {s.days}"
        rows.append([view.name(s.location_id), title(s.parameter), days, *_peak(peak, s.unit)])
    note = f"A day counts when at least {marts.ENOUGH:.0%} of it was measured."
    if len(above) > ROWS:
        note += f" The first {ROWS} of {len(above):,} rows; all days are in openaq_marts.fct_guideline_exceedances."
    words = ("Station", "What", "Days above", "Worst day", "Value", "Times the guideline")
    columns = [Column(word, figures=word in ("Days above", "Value", "Times the guideline")) for word in words]
    return Table("Days above the guideline", columns, rows, note, "No day was above a guideline.")


def _peak(peak: marts.Exceedance | None, unit: str) -> list[str | Cell]:
    if peak is None:
        return ["", "", ""]
    tone = next(tone for most, tone, _ in LEVELS if peak.times <= most)
    return [short_date(peak.day), f"{figure(peak.value)} {unit}", Cell(f"{peak.times:.1f}", tone)]
