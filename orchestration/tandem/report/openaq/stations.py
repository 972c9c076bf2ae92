"""The stations: a map and a table, both by the latest daily mean of PM2.5."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tandem.report.blocks import ROWS, Block, Cell, Chart, Column, Figures, Key, Note, Table
from tandem.report.charts import Point, map_chart
from tandem.report.openaq.marts import Station
from tandem.report.openaq.view import LEVELS, NO_LEVEL, View, level, short_title, times_guideline
from tandem.report.words import figure, short_date

PLACES = 3000  # marks on the map


def station_map(view: View) -> Block:
    """All stations that have coordinates, on a map."""
    placed = [s for s in view.stations.values() if s.latitude is not None and s.longitude is not None]
    if not placed:
        return Note("No station has coordinates, so there is no map.")
    # The highest are kept, and drawn last so that nothing covers them.
    shown = sorted(placed, key=times_guideline)[-PLACES:]
    points = [Point(s.longitude or 0, s.latitude or 0, level(s)[0], _place_text(s, view)) for s in shown]
    counts = Counter(point.tone for point in points)
    keys = [(tone, words) for _, tone, words in LEVELS] + [NO_LEVEL]
    legend = [Key(f"place {tone}", f"{words} ({counts[tone]})") for tone, words in keys if counts[tone]]
    caption = ["Latest daily mean of PM2.5 at each station, against the WHO guideline."]
    if unplaced := len(view.stations) - len(placed):
        caption.append(f"{unplaced:,} without coordinates {'is' if unplaced == 1 else 'are'} not shown.")
    if len(placed) > PLACES:
        caption.append(f"{PLACES:,} of {len(placed):,} are shown.")
    label = f"Map of {len(shown)} stations; the same values are in the table of stations."
    svg = map_chart(label, points, _names(shown))
    chart = Chart("Fine particles (PM2.5) at the stations", svg, legend, " ".join(caption))
    return Figures([chart], wide=True)


def _place_text(station: Station, view: View) -> str:
    where = ", ".join(part for part in (view.name(station.location_id), station.locality, station.country) if part)
    return where if station.pm25 is None else f"{where}: {figure(station.pm25)} {station.unit} on {station.day}"


def _names(placed: Iterable[Station]) -> dict[str, tuple[float, float]]:
    """Each country's name beside its northernmost station; none where they would cover the map."""
    north: dict[str, tuple[float, float]] = {}
    for station in sorted(placed, key=lambda s: -(s.latitude or 0)):
        if station.country:
            north.setdefault(station.country, (station.longitude or 0, station.latitude or 0))
    return north if len(north) <= 12 else {}


def station_table(view: View) -> Table:
    """All stations, the highest value first."""
    ranked = sorted(view.stations.values(), key=lambda s: (s.pm25 is None, -(s.pm25 or 0), view.name(s.location_id)))
    measured: dict[int, list[str]] = defaultdict(list)
    measures = {(s.location_id, s.parameter, s.unit) for s in view.series}
    for parameter, unit in view.parameters:
        for location_id in view.stations:
            if (location_id, parameter, unit) in measures:
                measured[location_id].append(short_title(parameter))
    rows = [_station_row(s, view, measured[s.location_id]) for s in ranked[:ROWS]]
    note = "Highest first."
    if len(ranked) > ROWS:
        note += f" The first {ROWS} of {len(ranked):,}; all are in openaq_marts.dim_locations."
    words = ("Station", "Place", "Country", "Kind", "Measures", "Latest PM2.5", "On", "Level")
    return Table("Stations", [Column(word, figures=word == "Latest PM2.5") for word in words], rows, note)


def _station_row(station: Station, view: View, measured: Sequence[str]) -> list[str | Cell]:
    kind = {True: "reference monitor", False: "low-cost sensor", None: ""}[station.is_monitor]
    value = "" if station.pm25 is None else f"{figure(station.pm25)} {station.unit}"
    day = "" if station.day is None else short_date(station.day)
    tone, words = level(station)
    return [
        view.name(station.location_id), station.locality or "", station.country or "", kind,
        ", ".join(dict.fromkeys(measured)), value, day, Cell(words, tone),
    ]  # fmt: skip
