"""However a payload is laid out and whatever is in it, its rows come out the same and none is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest

from tandem.refine import openaq_payload
from tandem.refine.openaq import refine_measurements
from tandem.refine.openaq_compact import parse_compact
from tandem.refine.openaq_payload import flatten
from tandem.refine.refined import RawFile

DAY = date(2025, 11, 20)


def moment(utc: datetime) -> dict[str, str]:
    return {"utc": f"{utc.isoformat()}Z", "local": f"{(utc + timedelta(hours=7)).isoformat()}+07:00"}


def row(index: int = 0, **changes: Any) -> dict[str, Any]:
    start = datetime(2025, 11, 20) + timedelta(hours=index)
    times = {"datetimeFrom": moment(start), "datetimeTo": moment(start + timedelta(hours=1))}
    return {
        "value": 10.5 + index,
        "flagInfo": {"hasFlags": False},
        "parameter": {"id": 2, "name": "pm25", "units": "µg/m³", "displayName": None},
        "period": {"label": "raw", "interval": "01:00:00", **times},
        "coordinates": {"latitude": 21.5, "longitude": 105.25},
        "summary": None,
        "coverage": {"expectedCount": 1, "expectedInterval": "01:00:00", "observedCount": 1, **times},
    } | changes


def compact(rows: list[Any], meta: object = None) -> bytes:
    return json.dumps({"meta": meta, "results": rows}, ensure_ascii=False, separators=(",", ":")).encode()


def spaced(rows: list[Any]) -> bytes:
    return json.dumps({"meta": None, "results": rows}).encode()


def pretty(rows: list[Any]) -> bytes:
    return json.dumps({"results": rows}, indent=2, ensure_ascii=False).encode()


def other_order(rows: list[Any]) -> bytes:
    return json.dumps({"results": rows}, separators=(",", ":"), sort_keys=True).encode()


LAYOUTS = (compact, spaced, pretty, other_order)


def compact_rows(payload: bytes) -> int:
    rows = parse_compact({0: payload})
    return 0 if rows is None else rows.height


def tolerantly(payloads: list[bytes], monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    with monkeypatch.context() as patch:
        patch.setattr(openaq_payload, "parse_compact", lambda payloads: None)
        patch.setattr(openaq_payload, "_parse", lambda payload: None)
        return flatten(payloads)[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(layout: Callable[..., bytes]) -> None:
    rows = [row(index) for index in range(24)]
    assert flatten([layout(rows)])[0].equals(flatten([pretty(rows)])[0])


def test_all_ways_through_a_payload_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = compact([row(index) for index in range(24)])
    strict = openaq_payload._flatten({0: openaq_payload._parse(payload)})

    assert compact_rows(payload) == 24
    assert flatten([payload])[0].equals(strict)
    assert tolerantly([payload], monkeypatch).equals(strict)


@pytest.mark.parametrize("end", [b"", b"\n", b" \r\n"], ids=["nothing", "newline", "spaces"])
def test_white_space_at_the_end_changes_nothing(end: bytes) -> None:
    assert compact_rows(compact([row(), row(1)]) + end) == 2


TIMES = row()["period"]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(row(1, value="12.5"), id="number as text"),
        pytest.param(row(1, value=True), id="boolean"),
        pytest.param(row(1, extra=1), id="one more field"),
        pytest.param(row(1, coordinates={"latitude": None, "longitude": "east"}), id="coordinates as text"),
        pytest.param(row(1, coverage=None), id="no coverage"),
        pytest.param(row(1, period=None), id="no period"),
        pytest.param(row(1, parameter={"name": 'a "quoted" name', "units": "ppm"}, coverage={}), id="quotes"),
        pytest.param(row(1, parameter={"name": ',"datetimeFrom":{"utc":"', "units": "ppm"}), id="text like a cut"),
        pytest.param(row(1, parameter={"name": '}}},{"value":1,', "units": "ppm"}), id="text like a row's end"),
        pytest.param(row(1, period=TIMES | {"datetimeFrom": {"utc": None, "local": None}}), id="no start"),
        pytest.param(row(1, period=TIMES | {"value": 5}), id="a value inside the period"),
        pytest.param(row(1, flagInfo={"hasFlags": None}), id="flag unknown"),
        pytest.param({"value": 1.5}, id="nothing but a value"),
        pytest.param({}, id="empty object"),
        pytest.param(None, id="null"),
        pytest.param([], id="array"),
    ],
)
def test_an_odd_row_is_read_as_the_row_by_row_way_reads_it(odd: object, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = compact([row(), odd, row(2)])
    assert flatten([payload])[0].equals(tolerantly([payload], monkeypatch))


def test_a_byte_lost_is_read_as_the_row_by_row_way_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compact([row(), row(1)])
    damaged = [whole[:at] + whole[at + 1 :] for at in range(len(whole))]
    assert flatten(damaged)[0].equals(tolerantly(damaged, monkeypatch))


def test_a_payload_left_to_another_way_keeps_its_place() -> None:
    payloads = [compact([row(0)]), pretty([row(1)]), compact([row(2, value="3")]), compact([row(3)])]
    table, unusable = flatten([*payloads, b"oops"])

    assert table["file"].to_list() == [0, 1, 2, 3]
    assert list(unusable) == [4]


def test_a_summary_that_differs_in_every_row_is_left_to_the_general_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.refine.openaq_compact.MAX_TEXTS", 5)
    payload = compact([row(index, summary={"min": index}) for index in range(24)])

    assert compact_rows(payload) == 0
    assert flatten([payload])[0].height == 24


def test_header_that_is_no_json_is_not_passed_over() -> None:
    payload = compact([row()]).replace(b'"meta":null', b'"meta":nul')
    assert flatten([payload])[1].keys() == {0}


def spoilt(random: Random, index: int) -> object:
    """A row with one of the many things that can be wrong with it, or nothing."""
    day_before = row(index - 30)["period"]
    dirt: list[dict[str, Any]] = [
        {"value": random.choice([None, "n/a", "7.5", True, -999, 985.0, 1e6, -0.0, 0, 1])},
        {
            "parameter": random.choice(
                [None, {"name": "pm25", "units": "%"}, {"name": "o3", "units": "ppm"}, {}, "pm25"]
            )
        },
        {"period": random.choice([None, {}, day_before, TIMES])},
        {"coordinates": random.choice([None, {}, {"latitude": 0, "longitude": 0}, "here"])},
        {"coverage": random.choice([None, {}, {"expectedCount": "1", "observedCount": 2.0}])},
    ]
    if random.random() < 0.02:
        return random.choice([None, 5, "row", [], {}])
    return row(index, **random.choice(dirt)) if random.random() < 0.3 else row(random.randrange(24))


def capture(seed: int, layout: Callable[..., bytes]) -> list[RawFile]:
    random = Random(seed)
    pages = [[spoilt(random, index) for index in range(random.randrange(30))] for _ in range(8)]
    payloads = [layout(rows) for rows in pages] + [b"", b'{"results": 1}'][: random.randrange(3)]
    return [
        RawFile(f"page-{number:04}.json", {"sensor_id": number % 3, "page": number}, lambda content=content: content)
        for number, content in enumerate(payloads)
    ]


@pytest.mark.parametrize("seed", range(15))
def test_every_element_is_accounted_for_whatever_comes(seed: int) -> None:
    results = [refine_measurements(capture(seed, layout), DAY) for layout in LAYOUTS]
    first = results[0]

    assert first.counts["in"] == sum(n for name, n in first.counts.items() if name != "in")
    assert first.counts["quarantined"] == first.rejects.height == sum(first.reasons.values())
    rows = pl.concat(first.frames)
    assert rows.select("sensor_id", "period_start_utc", "period_end_utc").is_unique().all()
    for other in results[1:]:
        assert (other.counts, other.reasons) == (first.counts, first.reasons)
        assert pl.concat(other.frames).equals(rows)
