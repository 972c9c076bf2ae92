"""The air-quality part of the page, read from the marts of openaq."""

from __future__ import annotations

from tandem.report.blocks import Note, Section, Tile, Tiles
from tandem.report.openaq import marts
from tandem.report.openaq.completeness import completeness
from tandem.report.openaq.days import daily_charts, exceedances
from tandem.report.openaq.stations import station_map, station_table
from tandem.report.openaq.view import View
from tandem.report.window import Query, Window, window
from tandem.report.words import long_dates, share

TITLE = "Air quality"


def section(query: Query) -> Section:
    """The section on OpenAQ's marts, read through `query` (SQL in; column names and rows out).

    An empty warehouse gives a section that says so. Raises what `query` raises.
    """
    over = window(query, "openaq_marts.obt_daily_air_quality", "local_date")
    if over is None:
        return Section("openaq", TITLE, "", [Note("The marts hold no measurement yet.")])
    view = View(query, over)
    blocks = [
        _tiles(view),
        station_map(view),
        daily_charts(view),
        exceedances(view),
        *completeness(view),
        station_table(view),
    ]
    return Section("openaq", TITLE, _intro(over), blocks)


def _intro(over: Window) -> str:
    return (
        f"Measurements by OpenAQ, {long_dates(*over)} by the stations' local dates, "
        "beside the guidelines of the World Health Organization for a day (2021)."
    )


def _tiles(view: View) -> Tiles:
    sensors, measurements = marts.tally(view.query)
    above, days = sum(s.days_above for s in view.series), sum(s.days for s in view.series if s.guideline is not None)
    countries = len({s.country for s in view.stations.values() if s.country})
    where = f"in {countries} {'country' if countries == 1 else 'countries'}"
    judged = f"of {days:,} daily values, {share(above, days)}"
    return Tiles(
        [
            Tile("Stations", f"{len(view.stations):,}", where),
            Tile("Sensors", f"{sensors:,}"),
            Tile("Measurements", f"{measurements:,}", "in the warehouse"),
            Tile("Days shown", f"{len(view.over.days)}"),
            Tile("Above the guideline", f"{above:,}", judged, "fair" if above else "good"),
        ]
    )
