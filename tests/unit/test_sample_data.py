"""The committed OpenAQ sample data: made by its generator, small, and as dirty as it claims."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "sample_data" / "openaq"
GENERATOR = PROJECT / "scripts" / "generate_openaq.py"


def generate(out: Path, *arguments: str) -> dict[str, bytes]:
    subprocess.run([sys.executable, str(GENERATOR), "--out", str(out), *arguments], check=True)
    return {file.name: file.read_bytes() for file in out.iterdir()}


@pytest.fixture(scope="module")
def locations() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "locations.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "measurements.jsonl").read_text(encoding="utf-8").splitlines()]


def test_generating_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    assert generate(tmp_path) == {file.name: file.read_bytes() for file in FOLDER.iterdir()}


def test_the_folder_stays_below_three_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 3_000_000


def test_the_window_is_what_the_measurements_cover(lines: list[dict[str, Any]]) -> None:
    window = json.loads((FOLDER / "window.json").read_text())
    days = sorted({line["day"] for line in lines})
    assert window == {"from": days[0], "to": days[-1]} == {"from": "2025-10-01", "to": "2025-11-29"}


def test_scale_repeats_stations_under_ids_of_their_own(tmp_path: Path) -> None:
    files = generate(tmp_path, "--scale", "3", "--days", "2")
    register = json.loads(files["locations.json"])
    sensors = [sensor["id"] for location in register for sensor in location["sensors"]]
    assert (len(register), len(sensors), len(set(sensors))) == (27, 78, 78)


def test_the_register_has_countries_parameters_and_units_in_variants(locations: list[dict[str, Any]]) -> None:
    parameters = [sensor["parameter"] for location in locations for sensor in location["sensors"]]
    assert {location["country"]["code"] for location in locations} == {"VN", "TH", "ES", "IN"}
    assert {parameter["name"] for parameter in parameters} == {"pm25", "pm10", "o3", "no2", "so2", "co"}
    assert {p["units"] for p in parameters} == {"µg/m³", "μg/m³", "ug/m3", "mg/m³", "ppm", "ppb"}


def test_some_coordinates_are_missing_or_zero(locations: list[dict[str, Any]]) -> None:
    coordinates = [location["coordinates"] for location in locations]
    assert None in coordinates
    assert {"latitude": 0.0, "longitude": 0.0} in coordinates


@pytest.mark.parametrize("value", [-999.0, 985.0, 1000000.0, -0.8, None, "n/a"], ids=str)
def test_values_that_cannot_be_are_there(value: object, lines: list[dict[str, Any]]) -> None:
    assert any(row[1] == value for line in lines for row in line["rows"])


@pytest.mark.parametrize("override", [{"units": "%"}, {"every": 0}, {"flags": True}], ids=str)
def test_rows_with_odd_units_periods_and_flags_are_there(override: object, lines: list[dict[str, Any]]) -> None:
    assert any(row[2:] == [override] for line in lines for row in line["rows"])


def test_numbers_as_text_are_there(lines: list[dict[str, Any]]) -> None:
    assert any(isinstance(row[1], str) and row[1] != "n/a" for line in lines for row in line["rows"])


def test_periods_are_served_twice_both_alike_and_revised(lines: list[dict[str, Any]]) -> None:
    again: Counter[str] = Counter()
    for line in lines:
        first: dict[int, object] = {}
        for end, value, *_ in line["rows"]:
            again["new" if end not in first else "alike" if first[end] == value else "revised"] += 1
            first.setdefault(end, value)
    assert min(again["alike"], again["revised"]) > 20


def test_india_measures_on_the_half_hour_and_is_silent_on_one_day(lines: list[dict[str, Any]]) -> None:
    mine = [line for line in lines if line["sensor"] in (396, 397, 398, 399, 20115, 20116)]
    days = {line["day"] for line in mine}
    assert {row[0] % 60 for line in mine for row in line["rows"]} == {30}
    assert {(date(2025, 10, 1) + timedelta(n)).isoformat() for n in range(60)} - days == {"2025-11-12"}


def test_one_sensor_reports_once_a_day_and_one_has_gaps(lines: list[dict[str, Any]]) -> None:
    daily = [line for line in lines if line["sensor"] == 37]
    gaps = [line for line in lines if line["sensor"] == 1378202]
    assert {line["every"] for line in daily} == {1440}
    assert len(gaps) < 60
    assert sum(len(line["rows"]) for line in gaps) < 20 * len(gaps)
