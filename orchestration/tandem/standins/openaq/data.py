"""What the OpenAQ stand-in serves: the sample data, changed by an overlay, as v3 results.

An overlay is a JSON object of lists, all optional, that makes the source differ from the folder:

    {"empty":  [{"day": "2025-11-20", "sensor": 396}],            the day has no rows (without "sensor": of any)
     "remove": [{"sensor": 396, "end": "2025-11-20T05:30:00Z"}],  the period that ends then is gone
     "revise": [{"sensor": 396, "end": "2025-11-20T06:30:00Z", "value": 81.5}],
     "add":    [{"sensor": 396, "end": "2025-11-12T05:30:00Z", "value": 44.0}]}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Row = list[Any]  # [minute of the UTC day at which the period ends, value, overrides?]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Series:
    """A sensor with its station and its rows by UTC day, in the order in which they are served."""

    sensor: Json
    location: Json
    days: dict[date, list[Row]] = field(default_factory=dict)
    every: int = 60

    def between(self, after: datetime | None, until: datetime | None) -> Iterator[Json]:
        """Results whose period ends in (after, until], as v3 filters them: times name the end of a period."""
        for day in self._days(after, until):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            for row in self.days[day]:
                end = midnight + row[0] * MINUTE
                if (after is None or after < end) and (until is None or end <= until):
                    yield self._result(row, end)

    def _days(self, after: datetime | None, until: datetime | None) -> list[date]:
        if after and until and until - after <= 3 * DAY:
            span = (after.date() + n * DAY for n in range((until.date() - after.date()).days + 1))
            return [day for day in span if day in self.days]
        return sorted(self.days)

    def _result(self, row: Row, end: datetime) -> Json:
        own: Json = row[2] if len(row) > 2 else {}
        every = own.get("every", self.every)
        zone = self.location["timezone"]
        start_at, end_at = _moment(end - every * MINUTE, zone), _moment(end, zone)
        interval = f"{every // 60:02}:{every % 60:02}:00"
        parameter = self.sensor["parameter"]
        return {
            "value": row[1],
            "flagInfo": {"hasFlags": own.get("flags", False)},
            "parameter": {**parameter, "units": own.get("units", parameter["units"]), "displayName": None},
            "period": {"label": "raw", "interval": interval, "datetimeFrom": start_at, "datetimeTo": end_at},
            "coordinates": self.location["coordinates"] if self.location["isMobile"] else None,
            "summary": None,
            "coverage": {
                "expectedCount": 1,
                "expectedInterval": interval,
                "observedCount": 1,
                "observedInterval": interval,
                "percentComplete": 100.0,
                "percentCoverage": 100.0,
                "datetimeFrom": start_at,
                "datetimeTo": end_at,
            },
        }


@dataclass(frozen=True)
class Dataset:
    """The register and one series per sensor."""

    locations: list[Json]
    series: dict[int, Series]


def load(folder: Path, overlay: Mapping[str, Any] | None = None) -> Dataset:
    """Read a folder that `scripts/generate_openaq.py` wrote and change it by the overlay."""
    locations = json.loads((folder / "locations.json").read_text(encoding="utf-8"))
    lines = (folder / "measurements.jsonl").read_text(encoding="utf-8").splitlines()
    series = _series(locations, [json.loads(line) for line in lines])
    _overlay(series, overlay or {})
    return Dataset(locations, series)


def _series(locations: Iterable[Json], lines: Iterable[Json]) -> dict[int, Series]:
    days: dict[int, dict[date, list[Row]]] = {}
    every: dict[int, int] = {}
    for line in lines:
        every[line["sensor"]] = line["every"]
        days.setdefault(line["sensor"], {})[date.fromisoformat(line["day"])] = line["rows"]
    return {
        sensor["id"]: Series(sensor, location, days.get(sensor["id"], {}), every.get(sensor["id"], 60))
        for location in locations
        for sensor in location["sensors"]
    }


def _overlay(series: Mapping[int, Series], overlay: Mapping[str, Any]) -> None:
    for change in overlay.get("empty", ()):
        chosen = [series[change["sensor"]]] if "sensor" in change else series.values()
        for one in chosen:
            one.days.pop(date.fromisoformat(change["day"]), None)
    for kind in ("remove", "revise", "add"):
        for change in overlay.get(kind, ()):
            day, minute = _slot(change["end"])
            rows = series[change["sensor"]].days.setdefault(day, [])
            _change(kind, rows, minute, change.get("value"))


def _slot(end: str) -> tuple[date, int]:
    """Day and minute that hold a period ending then: midnight belongs to the day before."""
    moment = datetime.fromisoformat(end).astimezone(UTC)
    day = (moment - timedelta(microseconds=1)).date()
    return day, int((moment - datetime(day.year, day.month, day.day, tzinfo=UTC)) / MINUTE)


def _change(kind: str, rows: list[Row], minute: int, value: object) -> None:
    if kind == "remove":
        rows[:] = [row for row in rows if row[0] != minute]
    elif kind == "revise":
        rows[:] = [[minute, value, *row[2:]] if row[0] == minute else row for row in rows]
    else:
        rows.append([minute, value])


@lru_cache(maxsize=65536)
def _moment(utc: datetime, zone: str) -> Json:
    return {"utc": utc.isoformat().replace("+00:00", "Z"), "local": utc.astimezone(ZoneInfo(zone)).isoformat()}
