"""The rules by which OpenAQ's measurements become rows, each with the payload that shows it."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from tandem.lake.processed import polars_schema
from tandem.refine.openaq import refine_measurements
from tandem.refine.refined import RawFile, Refined
from tandem.schemas.openaq import MEASUREMENTS

DAY = date(2025, 11, 20)
COVERAGE = {"expectedCount": 1, "observedCount": 1}
LAYOUT = (",", ":")


@pytest.fixture(autouse=True, params=[(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
def _layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule holds however the source lays out its JSON (compact JSON takes a way of its own)."""
    monkeypatch.setitem(globals(), "LAYOUT", request.param)


def moment(utc: str, local: str | None = None) -> dict[str, str | None]:
    return {"utc": utc, "local": local or f"{utc[:11]}{(int(utc[11:13]) + 7) % 24:02}{utc[13:19]}+07:00"}


def row(hour: int = 9, value: object = 12.5, **changes: Any) -> dict[str, Any]:
    period = {
        "label": "raw",
        "interval": "01:00:00",
        "datetimeFrom": moment(f"2025-11-20T{hour - 1:02}:00:00Z"),
        "datetimeTo": moment(f"2025-11-20T{hour:02}:00:00Z"),
    }
    return {
        "value": value,
        "flagInfo": {"hasFlags": False},
        "parameter": {"id": 2, "name": "pm25", "units": "µg/m³", "displayName": None},
        "period": period,
        "coordinates": None,
        "summary": None,
        "coverage": COVERAGE | {"datetimeFrom": period["datetimeFrom"], "datetimeTo": period["datetimeTo"]},
    } | changes


def between(start: str, end: str, *local: str) -> dict[str, Any]:
    times = [moment(*pair) for pair in zip((start, end), local or (None, None), strict=True)]
    return {"label": "raw", "interval": "01:00:00", "datetimeFrom": times[0], "datetimeTo": times[1]}


def parameter(name: object, units: object) -> dict[str, object]:
    return {"id": 2, "name": name, "units": units}


def page(*rows: object, sensor: int = 37, number: int = 1) -> RawFile:
    content = json.dumps({"meta": {}, "results": rows}, ensure_ascii=False, separators=LAYOUT)
    return payload(content.encode(), sensor=sensor, number=number)


def payload(content: bytes, sensor: int = 37, number: int = 1) -> RawFile:
    origin = {"path": f"/v3/sensors/{sensor}/measurements", "sensor_id": sensor, "page": number}
    return RawFile(f"sensor-{sensor}-page-{number:04}.json", origin, lambda: content, len(content))


def refine(*files: RawFile) -> Refined:
    refined = refine_measurements(files, DAY)
    assert 2 * refined.counts["in"] == sum(refined.counts.values())
    return refined


def rows_of(*files: RawFile) -> list[dict[str, Any]]:
    return [record for frame in refine(*files).frames for record in frame.to_dicts()]


def test_a_measurement_becomes_a_typed_row() -> None:
    refined = refine(page(row()))

    assert refined.frames[0].schema == polars_schema(MEASUREMENTS)
    assert refined.frames[0].to_dicts() == [
        {
            "sensor_id": 37,
            "parameter": "pm25",
            "unit": "µg/m³",
            "value": 12.5,
            "period_start_utc": datetime(2025, 11, 20, 8),
            "period_end_utc": datetime(2025, 11, 20, 9),
            "period_start_local": datetime(2025, 11, 20, 15),
            "period_end_local": datetime(2025, 11, 20, 16),
            "period_label": "raw",
            "period_seconds": 3600,
            "has_flags": False,
            "expected_count": 1,
            "observed_count": 1,
            "latitude": None,
            "longitude": None,
            "partition_date": DAY,
        }
    ]
    assert refined.counts == {"in": 1, "out": 1, "superseded": 0, "outside": 0, "quarantined": 0}
    assert refined.reasons == {}


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        pytest.param("value_missing", row(value=None), id="null value"),
        pytest.param("value_missing", {k: v for k, v in row().items() if k != "value"}, id="no value"),
        pytest.param("value_not_a_number", row(value="n/a"), id="text"),
        pytest.param("value_not_a_number", row(value=True), id="boolean"),
        pytest.param("value_not_a_number", row(value=[12.5]), id="array"),
        pytest.param("value_not_a_number", row(value=float("nan")), id="NaN"),
        pytest.param("value_not_a_number", row(value="1_000"), id="Python's own notation"),
        pytest.param("value_not_a_number", row(value=10**400), id="beyond any double"),
        pytest.param("value_out_of_bounds", row(value=-999), id="code for missing"),
        pytest.param("value_out_of_bounds", row(value=-0.8), id="below zero"),
        pytest.param("value_out_of_bounds", row(value=1_000_000), id="absurd"),
        pytest.param("value_fault_code", row(value=985), id="full scale of a failed monitor"),
        pytest.param("unit_unknown", row(parameter=parameter("pm25", "furlongs")), id="unknown unit"),
        pytest.param("unit_unknown", row(parameter=parameter("pm25", None)), id="no unit"),
        pytest.param("unit_unexpected", row(parameter=parameter("pm25", "%")), id="unit of another parameter"),
        pytest.param("parameter_missing", row(parameter=None), id="no parameter"),
        pytest.param("parameter_missing", row(parameter=parameter(" ", "ppm")), id="blank parameter"),
        pytest.param("period_invalid", row(period=None), id="no period"),
        pytest.param("period_invalid", row(period={"datetimeFrom": "yesterday", "datetimeTo": 5}), id="no times"),
        pytest.param("period_invalid", row(period=between("2025-11-20T09:00:00Z", "2025-11-20T09:00:00Z")), id="empty"),
        pytest.param(
            "period_invalid", row(period=between("2025-11-20T09:00:00Z", "2025-11-20T08:00:00Z")), id="backwards"
        ),
        pytest.param(
            "period_invalid", row(period=between("2025-11-20T09:00:00Z", "2025-11-31T08:00:00Z")), id="no such day"
        ),
        pytest.param("row_invalid", "a text", id="text instead of a row"),
        pytest.param("row_invalid", None, id="null instead of a row"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(reason: str, bad: object) -> None:
    refined = refine(page(row(3), bad, row(4)))

    assert refined.reasons == {reason: 1}
    assert refined.counts["out"] == 2
    reject = refined.rejects.to_dicts()[0]
    assert (reject["reason"], reject["origin"], reject["position"]) == (reason, "sensor-37-page-0001.json", 1)
    assert json.loads(reject["payload"]) == bad or (isinstance(bad, dict) and bad["value"] != bad["value"])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"results": [{"value": 1', id="cut off"),
        pytest.param(b"<html>Bad gateway</html>", id="HTML"),
        pytest.param(b'{"detail": "Not found"}', id="an error"),
        pytest.param(b'{"results": null}', id="no results"),
        pytest.param(b'{"results": {"value": 1}}', id="results is no array"),
        pytest.param(b'[{"results": []}]', id="array"),
        pytest.param(b'{"results": ["\xff"]}', id="not UTF-8"),
        pytest.param(b'{"results": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested too deeply"),
    ],
)
def test_a_payload_that_is_no_v3_answer_is_one_reject_and_harms_no_other(content: bytes) -> None:
    refined = refine(payload(content), page(row(), sensor=38))

    assert refined.reasons == {"payload_invalid": 1}
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}
    assert refined.rejects["position"].to_list() == [None]


def test_an_empty_page_is_neither_row_nor_reject() -> None:
    assert refine(page()).counts == {"in": 0, "out": 0, "superseded": 0, "outside": 0, "quarantined": 0}


def test_no_files_give_no_rows() -> None:
    assert refine().counts["in"] == 0


def test_the_sensor_is_read_from_the_path_when_the_origin_does_not_name_it() -> None:
    file = RawFile("page-0001.json", {"path": "/v3/sensors/4681/measurements"}, page(row()).read)
    assert rows_of(file)[0]["sensor_id"] == 4681


def test_a_file_of_no_sensor_is_set_aside() -> None:
    assert refine(RawFile("page-0001.json", {}, page(row(), row(4)).read)).reasons == {"sensor_unknown": 1}


def test_the_row_served_last_wins() -> None:
    pages = page(row(9, 1.0), row(9, 2.0), number=1), page(row(9, 3.0), row(4, 9.0), number=2)
    refined = refine(*reversed(pages))

    assert refined.frames[0]["value"].to_list() == [9.0, 3.0]
    assert refined.counts == {"in": 4, "out": 2, "superseded": 2, "outside": 0, "quarantined": 0}


def test_pages_are_ordered_by_number_not_by_name() -> None:
    assert rows_of(page(row(value=1.0), number=10_000), page(row(value=2.0), number=9999))[0]["value"] == 1.0


def test_a_bad_revision_does_not_remove_a_good_reading() -> None:
    refined = refine(page(row(value=12.5), row(value=-999)))

    assert refined.frames[0]["value"].to_list() == [12.5]
    assert refined.reasons == {"value_out_of_bounds": 1}


def test_the_same_period_of_two_sensors_is_two_rows() -> None:
    assert [record["sensor_id"] for record in rows_of(page(row(), sensor=40), page(row(), sensor=5))] == [5, 40]


def test_a_period_that_ends_at_midnight_belongs_to_the_day_before() -> None:
    ends_today = row(period=between("2025-11-20T23:00:00Z", "2025-11-21T00:00:00Z"))
    ended_yesterday = row(period=between("2025-11-19T23:00:00Z", "2025-11-20T00:00:00Z"))
    refined = refine(page(ends_today, ended_yesterday))

    assert refined.frames[0]["period_end_utc"].to_list() == [datetime(2025, 11, 21)]
    assert refined.counts["outside"] == 1


def test_a_bad_row_of_another_day_is_outside_and_left_to_that_day() -> None:
    refined = refine(page(row(value=-999, period=between("2025-11-21T08:00:00Z", "2025-11-21T09:00:00Z"))))
    assert refined.counts == {"in": 1, "out": 0, "superseded": 0, "outside": 1, "quarantined": 0}


def test_local_time_is_the_wall_clock_whatever_its_offset() -> None:
    local = "2025-11-20T13:30:00+05:30", "2025-11-20T14:30:00+05:30"
    record = rows_of(page(row(period=between("2025-11-20T08:00:00Z", "2025-11-20T09:00:00Z", *local))))[0]
    assert record["period_start_local"] == datetime(2025, 11, 20, 13, 30)


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        pytest.param("2025-11-20T08:00:00.250Z", datetime(2025, 11, 20, 8, 0, 0, 250_000), id="fraction"),
        pytest.param("2025-11-20T08:00:00+00:00", datetime(2025, 11, 20, 8), id="offset of zero"),
        pytest.param("2025-11-20T10:00:00+02:00", datetime(2025, 11, 20, 8), id="offset"),
        pytest.param("2025-11-20 08:00:00", datetime(2025, 11, 20, 8), id="no zone"),
    ],
)
def test_utc_times_in_other_notations_are_read(utc: str, expected: datetime) -> None:
    period = between("2025-11-20T08:00:00Z", "2025-11-20T09:00:00Z")
    period["datetimeFrom"] = {"utc": utc, "local": None}
    record = rows_of(page(row(period=period)))[0]

    assert record["period_start_utc"] == expected
    assert record["period_start_local"] is None


@pytest.mark.parametrize("value", ["12.5", " 12.5 ", "1.25e1"])
def test_a_number_written_as_text_is_accepted(value: str) -> None:
    assert rows_of(page(row(value=value)))[0]["value"] == 12.5


@pytest.mark.parametrize(
    ("coordinates", "expected"),
    [
        pytest.param({"latitude": 21.0, "longitude": 105.8}, (21.0, 105.8), id="known"),
        pytest.param({"latitude": 0.0, "longitude": 105.8}, (0.0, 105.8), id="on the equator"),
        pytest.param(None, (None, None), id="null"),
        pytest.param({}, (None, None), id="missing"),
        pytest.param({"latitude": 0.0, "longitude": 0.0}, (None, None), id="null island"),
        pytest.param({"latitude": 21.0, "longitude": None}, (None, None), id="half"),
        pytest.param({"latitude": 91.0, "longitude": 105.8}, (None, None), id="off the globe"),
        pytest.param({"latitude": 21.0, "longitude": -180.1}, (None, None), id="beyond the date line"),
        pytest.param({"latitude": "north", "longitude": 105.8}, (None, None), id="not a number"),
    ],
)
def test_coordinates_are_null_when_unknown(coordinates: object, expected: tuple[float | None, ...]) -> None:
    record = rows_of(page(row(coordinates=coordinates)))[0]
    assert (record["latitude"], record["longitude"]) == expected


def test_unknown_fields_are_ignored_and_missing_optional_ones_are_null() -> None:
    bare = {name: row()[name] for name in ("value", "parameter", "period")} | {"news": {"of": ["tomorrow"]}}
    record = rows_of(page(bare))[0]
    assert (record["value"], record["has_flags"], record["observed_count"]) == (12.5, None, None)


def test_a_reject_says_what_was_wrong_with_the_value() -> None:
    detail = refine(page(row(value=-999))).rejects["detail"].item()
    assert detail == "-999.0 is not within 0 to 10000 µg/m³ for pm25"


def test_text_that_parquet_cannot_hold_does_not_stop_the_rest() -> None:
    broken = json.dumps({"results": [row(value="\ud800"), row(4)]}).encode()
    refined = refine(payload(broken))
    assert (refined.counts["out"], refined.reasons) == (1, {"value_not_a_number": 1})


def test_a_sensor_is_never_split_between_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.refine.openaq.CHUNK_BYTES", 1)
    files = [page(row(9, float(number)), sensor=sensor, number=number) for sensor in (1, 2) for number in range(1, 6)]
    assert [(record["sensor_id"], record["value"]) for record in rows_of(*files)] == [(1, 5.0), (2, 5.0)]


def test_rows_are_written_in_parts_of_a_useful_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.refine.openaq.CHUNK_BYTES", 1)
    monkeypatch.setattr("tandem.refine.openaq.PART_ROWS", 2)
    assert [frame.height for frame in refine(*(page(row(), sensor=n) for n in range(5))).frames] == [2, 2, 1]
