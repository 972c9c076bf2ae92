"""What counts as equal, and what does not."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tandem.parity.rules import RULES, comparable, is_compared, kind_of, same

NOON = datetime(2025, 11, 20, 12)
BANGKOK = timezone(timedelta(hours=7))


def noon(microseconds: int) -> datetime:
    return NOON + timedelta(microseconds=microseconds)


@pytest.mark.parametrize(
    ("spellings", "kind"),
    [
        pytest.param(["varchar", "VARCHAR", "string", "varchar(20)", "TEXT"], "varchar", id="text"),
        pytest.param(["bigint", "BIGINT", "int8"], "bigint", id="bigint"),
        pytest.param(["integer", "INT"], "integer", id="integer"),
        pytest.param(["double", "double precision", "DOUBLE"], "double", id="double"),
        pytest.param(["real", "FLOAT"], "real", id="real"),
        pytest.param(["timestamp", "timestamp(3)", "timestamp(6)", "TIMESTAMP_NS"], "timestamp", id="timestamp"),
        pytest.param(
            ["timestamp(3) with time zone", "TIMESTAMP WITH TIME ZONE", "timestamptz"], "timestamptz", id="zoned"
        ),
        pytest.param(["decimal(28, 6)", "DECIMAL(28,6)", "numeric(28,6)"], "decimal(28,6)", id="decimal"),
        pytest.param(["array(varchar)", "ARRAY( varchar )"], "array(varchar)", id="unknown"),
    ],
)
def test_spellings_of_one_type_are_one_kind(spellings: list[str], kind: str) -> None:
    assert {kind_of(spelling) for spelling in spellings} == {kind}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("bigint", "integer", id="width"),
        pytest.param("decimal(28,6)", "decimal(28,2)", id="scale"),
        pytest.param("timestamp", "timestamp with time zone", id="zone"),
        pytest.param("timestamp", "date", id="date"),
        pytest.param("double", "real", id="single precision"),
    ],
)
def test_types_that_hold_other_values_are_not_equal(left: str, right: str) -> None:
    assert kind_of(left) != kind_of(right)


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        pytest.param("double", 1.0, 1.0 + 9e-10, id="double within its error"),
        pytest.param("double", math.nan, math.nan, id="not a number"),
        pytest.param("double", math.inf, math.inf, id="infinite"),
        pytest.param("real", 0.1, 0.10000000149011612, id="single precision"),
        pytest.param("timestamp", noon(123456), noon(123000), id="rounded down"),
        pytest.param("timestamp", noon(123500), noon(124000), id="rounded up"),
        pytest.param("timestamp", noon(999999), noon(1000000), id="next second"),
        pytest.param("timestamptz", NOON.replace(tzinfo=UTC), noon(0).replace(hour=19, tzinfo=BANGKOK), id="two zones"),
        pytest.param("decimal(10,2)", Decimal("1.50"), Decimal("1.5"), id="decimal"),
        pytest.param("varchar", None, None, id="nulls"),
    ],
)
def test_values_equal_by_the_rules(kind: str, left: object, right: object) -> None:
    assert same(kind, left, right)
    assert same(kind, right, left)


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        pytest.param("double", 1.0, 1.0 + 2e-9, id="double beyond its error"),
        pytest.param("double", 0.0, 1e-300, id="an error relative to zero"),
        pytest.param("double", 1.0, math.nan, id="not a number"),
        pytest.param("double", math.inf, -math.inf, id="infinities"),
        pytest.param("double", 0.0, None, id="null is not zero"),
        pytest.param("varchar", "", None, id="null is not empty"),
        pytest.param("varchar", "a", "a ", id="a blank"),
        pytest.param("timestamp", NOON, noon(1000), id="a millisecond"),
        pytest.param("bigint", 1, "1", id="text for a number"),
        pytest.param("date", date(2025, 11, 20), date(2025, 11, 21), id="date"),
        pytest.param("decimal(20,2)", Decimal("1.01"), Decimal("1.02"), id="decimal"),
    ],
)
def test_values_that_differ(kind: str, left: object, right: object) -> None:
    assert not same(kind, left, right)
    assert not same(kind, right, left)


def test_keys_are_ordered_by_what_is_compared() -> None:
    assert comparable(noon(400)) == NOON
    assert comparable("text") == "text"


def test_lineage_is_left_out_and_every_rule_is_stated() -> None:
    assert not is_compared("_commit")
    assert is_compared("commit_")
    assert all(word in " ".join(RULES) for word in ("precision 3", "1e-09", "begin with _"))
