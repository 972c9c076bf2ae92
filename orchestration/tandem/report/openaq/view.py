"""What the parts of the openaq section share: rows read once, and how things are called."""

from __future__ import annotations

from functools import cached_property

from tandem.report.openaq import marts
from tandem.report.openaq.marts import Station
from tandem.report.window import Query, Window

_PARAMETERS = {
    "pm25": "PM2.5, fine particles",
    "pm10": "PM10, particles",
    "no2": "NO₂, nitrogen dioxide",
    "o3": "O₃, ozone",
    "so2": "SO₂, sulphur dioxide",
    "co": "CO, carbon monoxide",
}
# WHO's interim targets for a day's PM2.5 are 37.5 (2.5 times) and 75 (5 times the guideline).
LEVELS = (
    (1.0, "good", "within guideline"),
    (2.5, "fair", "up to 2.5 \N{MULTIPLICATION SIGN} guideline"),
    (5.0, "poor", "up to 5 \N{MULTIPLICATION SIGN} guideline"),
    (float("inf"), "bad", "over 5 \N{MULTIPLICATION SIGN} guideline"),
)
NO_LEVEL = ("mute", "no PM2.5 value")


class View:
    """What the blocks share, each read once."""

    def __init__(self, query: Query, over: Window) -> None:
        self.query = query
        self.over = over
        self.stations = {station.location_id: station for station in marts.stations(query)}
        self.series = marts.series(query, over)

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """(parameter, unit) in the order of the page: those with a guideline first."""
        rank = {name: position for position, name in enumerate(_PARAMETERS)}
        return sorted(
            {(s.parameter, s.unit) for s in self.series}, key=lambda pair: (rank.get(pair[0], len(rank)), pair)
        )

    def name(self, location_id: int | None) -> str:
        """What a station is called, also when the register does not know it."""
        station = self.stations.get(location_id) if location_id is not None else None
        if station is None:
            return "Unknown station" if location_id is None else f"Station {location_id}"
        return station.name or f"Station {station.location_id}"


def title(parameter: str) -> str:
    """`pm25` is `PM2.5, fine particles`; what has no name here keeps its own."""
    return _PARAMETERS.get(parameter, parameter)


def short_title(parameter: str) -> str:
    """`pm25` is `PM2.5`."""
    return title(parameter).split(",")[0]


def level(station: Station) -> tuple[str, str]:
    """Tone and words for the latest PM2.5 of a station."""
    times = times_guideline(station)
    return NO_LEVEL if times < 0 else next((tone, words) for most, tone, words in LEVELS if times <= most)


def times_guideline(station: Station) -> float:
    """The latest PM2.5 of a station as a multiple of the guideline; -1 when there is none."""
    if station.pm25 is None or not station.guideline:
        return -1.0
    return max(station.pm25 / station.guideline, 0.0)
