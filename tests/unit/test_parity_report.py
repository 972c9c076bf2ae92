"""A comparison as it is shown, and as JSON."""

import json
from collections import Counter

import pytest
from rich.console import Console

from tandem.parity.report import as_json, render, verdict
from tandem.parity.result import ColumnDifference, MartParity, Parity, RowDifference
from tandem.parity.rules import RULES

KEY = ("sensor_id", "hour")
EQUAL = MartParity("dim_sensors", ("sensor_id",), compared=True, rows=(26, 26), left_out=("_loaded_at",))
CHANGED = MartParity(
    "fct_hours",
    KEY,
    columns=(ColumnDifference("unit", "varchar", "VARCHAR", None),),
    compared=True,
    rows=(1200, 1201),
    only_right=1,
    changed=7,
    changed_columns=Counter({"value": 7}),
    examples=[
        RowDifference((1, None), (("value", 0.1, 0.2),)),
        RowDifference((2, 3), (("sensor_id", 2), ("value", 0.5)), only="athena"),
    ],
)
ABSENT = MartParity("obt", KEY, absent="athena")


def parity(*marts: MartParity) -> Parity:
    return Parity("openaq", "duckdb", "athena", marts)


def shown(*marts: MartParity) -> list[str]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(render([parity(*marts)]))
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_all_rules_are_printed() -> None:
    text = " ".join(shown(EQUAL))
    assert all(rule in text for rule in RULES)


def test_equal_marts_are_told_with_their_rows_and_what_was_left_out() -> None:
    lines = shown(EQUAL)
    assert "dim_sensors sensor_id 26 26 equal" in lines
    assert "dim_sensors: left out: _loaded_at" in lines
    assert lines[-1] == "openaq: duckdb and athena are equal, 1 marts, 26 rows."


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            "fct_hours sensor_id, hour 1,200 1,201 columns differ, 1 only on athena, 7 changed", id="overview"
        ),
        pytest.param("unit varchar VARCHAR \N{EM DASH}", id="column"),
        pytest.param("fct_hours: rows changed by column: value in 7", id="by column"),
        pytest.param("1 | null value 0.1 0.2", id="value"),
        pytest.param("2 | 3 (whole row) \N{EM DASH} value 0.5", id="row on one side"),
        pytest.param("… and 6 more rows of fct_hours", id="not shown"),
        pytest.param("obt sensor_id, hour \N{EM DASH} \N{EM DASH} not on athena", id="mart on one side"),
        pytest.param("openaq: duckdb and athena differ in 2 of 3 marts: fct_hours, obt.", id="verdict"),
    ],
)
def test_differences_are_shown_side_by_side(line: str) -> None:
    assert line in shown(EQUAL, CHANGED, ABSENT)


def test_json_holds_the_same() -> None:
    found = json.loads(json.dumps(as_json([parity(EQUAL, CHANGED)])))
    assert found["equal"] is False
    assert found["rules"] == list(RULES)
    changed = found["systems"][0]["marts"][1]
    assert changed["examples"] == [
        {"key": ["1", "null"], "only": None, "columns": [{"column": "value", "values": ["0.1", "0.2"]}]},
        {
            "key": ["2", "3"],
            "only": "athena",
            "columns": [{"column": "sensor_id", "values": ["2"]}, {"column": "value", "values": ["0.5"]}],
        },
    ]


def test_a_mart_whose_rows_were_not_compared_is_not_equal() -> None:
    assert not MartParity("fct", KEY).equal
    assert "differ" in verdict(parity(MartParity("fct", KEY)))
