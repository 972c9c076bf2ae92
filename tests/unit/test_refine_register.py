"""The rules by which OpenAQ's register becomes stations and sensors."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from tandem.refine.openaq import refine_locations, refine_sensors
from tandem.refine.refined import RawFile

DAY = date(2025, 11, 29)


def sensor(sensor_id: object = 37, **changes: Any) -> dict[str, Any]:
    parameter = {"id": 2, "name": "pm25", "units": "ug/m3", "displayName": "PM2.5"}
    return {"id": sensor_id, "name": "pm25 µg/m³", "parameter": parameter} | changes


def station(location_id: object = 18, **changes: Any) -> dict[str, Any]:
    return {
        "id": location_id,
        "name": "SPARTAN - Vietnam Acad. Sci.",
        "locality": None,
        "timezone": "Asia/Bangkok",
        "country": {"id": 56, "code": "VN", "name": "Vietnam"},
        "owner": {"id": 4, "name": "Unknown Governmental Organization"},
        "provider": {"id": 226, "name": "Spartan"},
        "isMobile": False,
        "isMonitor": True,
        "sensors": [sensor()],
        "coordinates": {"latitude": 21.048, "longitude": 105.8},
        "datetimeFirst": {"utc": "2016-02-29T01:00:00Z", "local": "2016-02-29T08:00:00+07:00"},
        "datetimeLast": None,
    } | changes


def page(*stations: object, number: int = 1) -> RawFile:
    content = json.dumps({"meta": {}, "results": stations}).encode()
    return RawFile(f"locations-VN-page-{number:04}.json", {"page": number}, lambda: content)


def rows(frames: list[pl.DataFrame]) -> list[dict[str, Any]]:
    return pl.concat(frames).to_dicts()


def test_a_station_becomes_a_row_with_flat_columns() -> None:
    assert rows(refine_locations([page(station())], DAY).frames) == [
        {
            "location_id": 18,
            "location_name": "SPARTAN - Vietnam Acad. Sci.",
            "locality": None,
            "timezone": "Asia/Bangkok",
            "country_code": "VN",
            "country_name": "Vietnam",
            "provider_name": "Spartan",
            "owner_name": "Unknown Governmental Organization",
            "is_mobile": False,
            "is_monitor": True,
            "latitude": 21.048,
            "longitude": 105.8,
            "first_measured_utc": datetime(2016, 2, 29, 1),
            "last_measured_utc": None,
            "partition_date": DAY,
        }
    ]


def test_a_sensor_becomes_a_row_with_its_canonical_unit() -> None:
    assert rows(refine_sensors([page(station())], DAY).frames) == [
        {
            "sensor_id": 37,
            "location_id": 18,
            "sensor_name": "pm25 µg/m³",
            "parameter": "pm25",
            "unit": "µg/m³",
            "partition_date": DAY,
        }
    ]


@pytest.mark.parametrize(
    "coordinates",
    [None, {}, {"latitude": 0, "longitude": 0}, {"latitude": 95, "longitude": 1}, {"latitude": 1, "longitude": None}],
)
def test_coordinates_are_null_when_unknown(coordinates: object) -> None:
    record = rows(refine_locations([page(station(coordinates=coordinates))], DAY).frames)[0]
    assert (record["latitude"], record["longitude"]) == (None, None)


def test_a_station_listed_twice_counts_once_as_served_last() -> None:
    pages = page(station(name="old"), station(5)), page(station(name="new"), number=2)
    refined = refine_locations(reversed(pages), DAY)

    assert [(record["location_id"], record["location_name"]) for record in rows(refined.frames)][1] == (18, "new")
    assert refined.counts == {"in": 3, "out": 2, "superseded": 1, "outside": 0, "quarantined": 0}


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        pytest.param("row_invalid", "a text", id="text"),
        pytest.param("row_invalid", None, id="null"),
        pytest.param("location_id_missing", station(None), id="no id"),
        pytest.param("location_id_missing", station("Hanoi"), id="id is a text"),
    ],
)
def test_a_bad_station_is_set_aside_with_its_reason(reason: str, bad: object) -> None:
    refined = refine_locations([page(station(5), bad)], DAY)

    assert refined.reasons == {reason: 1}
    assert refined.rejects["position"].to_list() == [1]
    assert refined.counts["out"] == 1


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        pytest.param("row_invalid", station(sensors=["a text"]), id="text"),
        pytest.param("row_invalid", station(sensors="37"), id="no array"),
        pytest.param("sensor_id_missing", station(sensors=[sensor(None)]), id="no id"),
        pytest.param("location_id_missing", station(None), id="station without id"),
        pytest.param("parameter_missing", station(sensors=[sensor(parameter=None)]), id="no parameter"),
    ],
)
def test_a_bad_sensor_is_set_aside_with_its_reason(reason: str, bad: object) -> None:
    refined = refine_sensors([page(station(5, sensors=[sensor(1)]), bad)], DAY)

    assert refined.reasons == {reason: 1}
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}


@pytest.mark.parametrize("stations", [[station(sensors=None)], [station(sensors=[])], [None]])
def test_a_station_without_sensors_has_none(stations: list[object]) -> None:
    assert refine_sensors([page(*stations)], DAY).counts["in"] == 0


def test_a_sensor_in_an_unknown_unit_is_kept_without_it() -> None:
    odd = sensor(parameter={"name": "pm25", "units": "furlongs"})
    assert rows(refine_sensors([page(station(sensors=[odd]))], DAY).frames)[0]["unit"] is None


@pytest.mark.parametrize("refine", [refine_locations, refine_sensors])
def test_a_payload_that_is_no_v3_answer_is_one_reject(refine: Any) -> None:
    refined = refine([RawFile("locations-page-0001.json", {}, lambda: b"<html>"), page(station())], DAY)

    assert refined.reasons == {"payload_invalid": 1}
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}
