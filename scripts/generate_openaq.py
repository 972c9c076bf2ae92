#!/usr/bin/env python3
"""Write the OpenAQ sample data: a made-up register and hourly measurements, dirty on purpose.

    scripts/generate_openaq.py [--out DIR] [--start 2025-10-01] [--days 60] [--scale 1] [--seed 37]

    locations.json      the register, in the shape of `GET /v3/locations`
    measurements.jsonl  one line per sensor and UTC day: {"sensor", "day", "every", "rows"}, in the order served;
                        a row is [minute of the day at which the period ends (1 to 1440), value, overrides?],
                        `every` is the length of the period in minutes; overrides: "units", "flags", "every"
    window.json         first and last day

The same arguments give the same bytes on every machine: only `random()` and plain arithmetic are used.
Stations and values are invented; names, ids and time zones only look like the real ones.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

OUT = Path(__file__).resolve().parents[1] / "sample_data" / "openaq"
DAY = 1440
SCALE_STEP = 10_000_000

COUNTRIES = {"VN": (56, "Vietnam"), "TH": (111, "Thailand"), "ES": (67, "Spain"), "IN": (9, "India")}
DISPLAY = {"pm25": "PM2.5", "pm10": "PM10", "o3": "O₃", "no2": "NO₂", "so2": "SO₂", "co": "CO"}
MICRO, GREEK, ASCII = "µg/m³", "μg/m³", "ug/m3"  # U+00B5, U+03BC, and the spelling without either
PARAMETER_IDS = {
    ("pm10", MICRO): 1, ("pm25", MICRO): 2, ("o3", MICRO): 3, ("co", MICRO): 4, ("no2", MICRO): 5, ("so2", MICRO): 6,
    ("o3", "ppm"): 10, ("co", "mg/m³"): 102, ("no2", "ppb"): 15, ("o3", "ppb"): 32,
}  # fmt: skip
TYPICAL = {"pm25": 28.0, "pm10": 55.0, "o3": 48.0, "no2": 30.0, "so2": 9.0, "co": 620.0}
IN_UNIT = {MICRO: 1.0, GREEK: 1.0, ASCII: 1.0, "mg/m³": 0.001, "ppm": 0.0005, "ppb": 0.52}
BY_HOUR = (7, 6, 6, 6, 7, 9, 12, 15, 16, 14, 11, 9, 8, 8, 8, 9, 11, 14, 16, 16, 14, 12, 10, 8)  # tenths


@dataclass(frozen=True)
class Sensor:
    """One sensor; `every` is its period in minutes, `ends` the minute past the period's step at which it ends."""

    id: int
    parameter: str
    units: str = MICRO
    every: int = 60
    ends: int = 0
    gaps: bool = False


@dataclass(frozen=True)
class Station:
    """One station of the register; `level` scales its values, `empty` is the index of a day without any."""

    id: int
    name: str
    locality: str | None
    timezone: str
    country: str
    provider: str
    coordinates: tuple[float, float] | None
    sensors: tuple[Sensor, ...]
    level: float = 1.0
    mobile: bool = False
    monitor: bool = True
    empty: int | None = None


STATIONS = (
    Station(18, "SPARTAN - Vietnam Acad. Sci.", None, "Asia/Bangkok", "VN", "Spartan", (21.048, 105.8),
            (Sensor(37, "pm25", every=DAY, ends=1020),), 1.4),
    Station(2161290, "Hà Nội - Nguyễn Văn Cừ", "Hà Nội", "Asia/Ho_Chi_Minh", "VN", "Vietnam EPA", (21.0491, 105.8831),
            (Sensor(7735901, "pm25"), Sensor(7735902, "pm10"), Sensor(7735903, "no2"), Sensor(7735904, "so2"),
             Sensor(7735905, "co")), 1.6),
    Station(2446, "Ho Chi Minh City, District 1", None, "Asia/Ho_Chi_Minh", "VN", "Ho Chi Minh City",
            (10.783041, 106.700722), (Sensor(4681, "pm25"), Sensor(4682, "o3", "ppm"))),
    Station(225579, "Bangkok, Din Daeng", "Bangkok", "Asia/Bangkok", "TH", "Air4Thai", (13.7625, 100.5502),
            (Sensor(1378101, "pm25"), Sensor(1378102, "pm10"), Sensor(1378103, "no2", "ppb"),
             Sensor(1378104, "o3", "ppb"))),
    Station(225612, "Chiang Mai, City Hall", "Chiang Mai", "Asia/Bangkok", "TH", "Air4Thai", None,
            (Sensor(1378201, "pm25", GREEK), Sensor(1378202, "pm10", GREEK, gaps=True)), 0.9),
    Station(4318, "Madrid, Plaza del Carmen", "Madrid", "Europe/Madrid", "ES", "EEA Spain", (40.4192, -3.7033),
            (Sensor(9871, "no2"), Sensor(9872, "o3"), Sensor(9873, "so2"), Sensor(9874, "co", "mg/m³")), 0.6),
    Station(4530, "Barcelona, unitat mòbil Eixample", "Barcelona", "Europe/Madrid", "ES", "EEA Spain",
            (41.3853, 2.1538), (Sensor(9931, "pm10"), Sensor(9932, "no2")), 0.7, mobile=True, monitor=False),
    Station(235, "Anand Vihar, Delhi - DPCC", "Delhi", "Asia/Kolkata", "IN", "caaqm", (28.6469, 77.3161),
            (Sensor(396, "pm25", ends=30), Sensor(397, "pm10", ends=30), Sensor(398, "no2", ends=30),
             Sensor(399, "co", "mg/m³", ends=30)), 5.5, empty=42),
    Station(6945, "Bandra, Mumbai - MPCB", "Mumbai", "Asia/Kolkata", "IN", "caaqm", (0.0, 0.0),
            (Sensor(20115, "pm25", ASCII, ends=30), Sensor(20116, "so2", ASCII, ends=30)), 1.8, empty=42),
)  # fmt: skip


def scaled(scale: int) -> Iterator[Station]:
    """The stations, `scale` times over, each copy with ids of its own and a little to the east."""
    for copy in range(scale):
        for station in STATIONS:
            yield _copy_of(station, copy) if copy else station


def _copy_of(station: Station, copy: int) -> Station:
    shift = copy * SCALE_STEP
    where = station.coordinates and (station.coordinates[0], round(station.coordinates[1] + copy * 0.001, 6))
    return replace(
        station,
        id=station.id + shift,
        name=f"{station.name} #{copy + 1}",
        coordinates=where,
        sensors=tuple(replace(sensor, id=sensor.id + shift) for sensor in station.sensors),
    )


def location(station: Station, start: date, end: date) -> dict[str, object]:
    """One element of the register, as v3 serves it."""
    country_id, country = COUNTRIES[station.country]
    latitude, longitude = station.coordinates or (None, None)
    return {
        "id": station.id,
        "name": station.name,
        "locality": station.locality,
        "timezone": station.timezone,
        "country": {"id": country_id, "code": station.country, "name": country},
        "owner": {"id": 4, "name": "Unknown Governmental Organization"},
        "provider": {"id": 200 + len(station.provider), "name": station.provider},
        "isMobile": station.mobile,
        "isMonitor": station.monitor,
        "instruments": [{"id": 2, "name": "Government Monitor"}],
        "sensors": [register_sensor(sensor) for sensor in station.sensors],
        "coordinates": station.coordinates and {"latitude": latitude, "longitude": longitude},
        "licenses": None,
        "bounds": station.coordinates and [longitude, latitude, longitude, latitude],
        "distance": None,
        "datetimeFirst": moment(start, 60, station.timezone),
        "datetimeLast": moment(end, DAY, station.timezone),
    }


def register_sensor(sensor: Sensor) -> dict[str, object]:
    """A sensor inside its location."""
    known = MICRO if sensor.units in (GREEK, ASCII) else sensor.units
    parameter = {
        "id": PARAMETER_IDS[sensor.parameter, known],
        "name": sensor.parameter,
        "units": sensor.units,
        "displayName": DISPLAY[sensor.parameter],
    }
    return {"id": sensor.id, "name": f"{sensor.parameter} {sensor.units}", "parameter": parameter}


def moment(day: date, minute: int, zone: str) -> dict[str, str]:
    """A point in time in UTC and on the wall clock of the station."""
    utc = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    return {"utc": utc.isoformat().replace("+00:00", "Z"), "local": utc.astimezone(ZoneInfo(zone)).isoformat()}


def series(station: Station, sensor: Sensor, start: date, days: int, seed: int) -> Iterator[dict[str, object]]:
    """The lines of one sensor, a day each; days without rows have no line."""
    random = Random(f"{seed}-{sensor.id}")
    weather = 1.0
    for index in range(days):
        weather = min(2.2, max(0.4, weather + (random.random() - 0.5) * 0.5))
        episode = 1.9 if station.country == "IN" and 34 <= index <= 46 else 1.0
        rows = clean_day(station, sensor, random, weather * episode)
        rows = [] if index == station.empty else dirty_day(sensor, rows, random)
        if rows:
            day = start + timedelta(days=index)
            yield {"sensor": sensor.id, "day": day.isoformat(), "every": sensor.every, "rows": rows}


def clean_day(station: Station, sensor: Sensor, random: Random, weather: float) -> list[list[object]]:
    """Values as a healthy sensor would give them, with the rush hours of the station's own clock."""
    scale = TYPICAL[sensor.parameter] * IN_UNIT[sensor.units] * station.level * weather
    offset = 330 if station.country == "IN" else 60 if station.country == "ES" else 420
    digits = 4 if sensor.units in ("ppm", "mg/m³") else 1
    rows: list[list[object]] = []
    for end in range(sensor.ends or sensor.every, DAY + 1, sensor.every):
        rush = BY_HOUR[(end - 1 + offset) // 60 % 24] / 10
        rows.append([end, round(scale * rush * (0.8 + 0.4 * random.random()), digits)])
    return rows


def dirty_day(sensor: Sensor, rows: list[list[object]], random: Random) -> list[list[object]]:
    """Spoil a day: gaps, values that cannot be, odd units, then duplicates and revisions at the end of it."""
    if sensor.gaps:
        silent = random.random() < 0.15
        rows = [] if silent else [row for row in rows if random.random() < 0.8]
    spoilt = [spoil(row, random.random()) for row in rows]
    again = [row for row in spoilt if random.random() < 0.004]
    revised = [[row[0], revision(row[1])] for row in rows if random.random() < 0.004]
    return spoilt + again + revised


def spoil(row: list[object], chance: float) -> list[object]:
    """One row as a bad day would send it; most pass unchanged."""
    end, value = row
    dirt: tuple[tuple[float, list[object]], ...] = (
        (0.0010, [end, -999.0]),
        (0.0016, [end, 985.0]),
        (0.0019, [end, 1000000.0]),
        (0.0025, [end, -0.8]),
        (0.0031, [end, None]),
        (0.0033, [end, "n/a"]),
        (0.0036, [end, str(value)]),
        (0.0039, [end, value, {"units": "%"}]),
        (0.0041, [end, value, {"every": 0}]),
        (0.0071, [end, value, {"flags": True}]),
    )
    return next((bad for limit, bad in dirt if chance < limit), row)


def revision(value: object) -> float:
    """The value a provider sends when it corrects itself."""
    assert isinstance(value, float)
    return round(value * 1.07, 4)


def write(out: Path, start: date, days: int, scale: int, seed: int) -> None:
    """Write the three files."""
    out.mkdir(parents=True, exist_ok=True)
    end = start + timedelta(days=days - 1)
    stations = list(scaled(scale))
    register = [location(station, start, end) for station in stations]
    (out / "locations.json").write_text(json.dumps(register, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with (out / "measurements.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for station in stations:
            for sensor in station.sensors:
                for line in series(station, sensor, start, days, seed):
                    file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    window = {"from": start.isoformat(), "to": end.isoformat()}
    (out / "window.json").write_text(json.dumps(window) + "\n", encoding="utf-8")


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description="Write the OpenAQ sample data.")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to (default: sample_data/openaq)")
    parser.add_argument("--start", type=date.fromisoformat, default=date(2025, 10, 1), help="first UTC day")
    parser.add_argument("--days", type=int, default=60, help="number of days")
    parser.add_argument("--scale", type=int, default=1, help="how many times the stations are repeated")
    parser.add_argument("--seed", type=int, default=37, help="seed of the values")
    args = parser.parse_args()
    write(args.out, args.start, args.days, args.scale, args.seed)


if __name__ == "__main__":
    main()
