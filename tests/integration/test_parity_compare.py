"""Two DuckDB warehouses held against each other: each kind of difference is found, and nothing else."""

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tandem.errors import CannotCompare
from tandem.parity.compare import Side, compare
from tandem.parity.marts import Mart
from tandem.parity.result import ColumnDifference, MartParity, RowDifference
from tandem.targets.duckdb import DuckDBTarget

NOON = datetime(2025, 11, 20, 12)
TYPES = {"id": "bigint", "measured_at": "timestamp", "unit": "varchar", "value": "double", "day": "date"}
MART = Mart("openaq_marts", "fct", TYPES, ("id", "measured_at"))
FILL = f"""
create schema openaq_marts;
create table openaq_marts.fct as
select
    i // 24 as id,
    timestamp '{NOON}' + to_hours(i % 24) as measured_at,
    case when i % 5 > 0 then 'µg/m³' end as unit,
    i / 7 as value,
    date '2025-11-20' as day,
    i as _row
from range(240) t(i)
"""


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Side, Side]:
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        with duckdb.connect(tmp_path / name / "warehouse.duckdb") as connection:
            connection.execute(FILL)
    return side(tmp_path / "left"), side(tmp_path / "right")


@pytest.fixture
def alter(tmp_path: Path) -> Callable[..., None]:
    """Change the right side, or both."""

    def change(sql: str, *names: str) -> None:
        for name in names or ("right",):
            with duckdb.connect(tmp_path / name / "warehouse.duckdb") as connection:
                connection.execute(sql)

    return change


def side(state: Path) -> Side:
    return Side(state.name, DuckDBTarget(state), str)


def compared(sides: tuple[Side, Side], mart: Mart = MART, **options: int) -> MartParity:
    return compare("openaq", [mart], *sides, **options).marts[0]


def test_equal_marts_are_equal_whatever_their_lineage_and_order(sides, alter):
    alter("update openaq_marts.fct set _row = 0")
    alter("create table t as from openaq_marts.fct order by value desc; drop table openaq_marts.fct")
    alter("create table openaq_marts.fct as from t")
    found = compared(sides)
    assert found.equal
    assert (found.rows, found.left_out, found.examples) == ((240, 240), ("_row",), [])


def test_differences_within_the_rules_are_none(sides, alter):
    alter(
        "update openaq_marts.fct set value = value * (1 + 5e-10), measured_at = measured_at + interval 499 microsecond"
    )
    alter("alter table openaq_marts.fct alter measured_at type timestamp_ms")
    assert compared(sides).equal


def test_changed_value_is_shown_with_its_key_column_and_both_values(sides, alter):
    alter(f"update openaq_marts.fct set value = -1 where id = 3 and measured_at = '{NOON}'")
    found = compared(sides)
    assert not found.equal
    assert (found.changed, found.only_left, found.only_right) == (1, 0, 0)
    assert found.examples == [RowDifference((3, NOON), (("value", 72 / 7, -1.0),))]


def test_null_in_place_of_a_value_is_a_difference(sides, alter):
    alter("update openaq_marts.fct set unit = coalesce(unit, '')")
    assert compared(sides).changed_columns == {"unit": 48}


def test_missing_and_extra_rows_are_told_apart(sides, alter):
    alter(f"delete from openaq_marts.fct where id = 0 and measured_at = '{NOON}'")
    alter("delete from openaq_marts.fct where id = 9", "left")
    found = compared(sides)
    assert (found.rows, found.only_left, found.only_right, found.changed) == ((216, 239), 1, 24, 0)
    first, second = found.examples[:2]
    assert (first.key, first.only, first.cells[2:4]) == ((0, NOON), "left", (("unit", None), ("value", 0.0)))
    assert (second.key, second.only) == ((9, NOON), "right")


def test_examples_are_limited_but_all_is_counted(sides, alter):
    alter("update openaq_marts.fct set value = value + 1")
    found = compared(sides, examples=3)
    assert (found.changed, len(found.examples)) == (240, 3)


def test_an_empty_side_lacks_every_row(sides, alter):
    alter("delete from openaq_marts.fct")
    assert (compared(sides).rows, compared(sides).only_left) == ((240, 0), 240)


def test_null_in_a_key_is_a_key_like_any_other(sides, alter):
    alter(
        "insert into openaq_marts.fct values (null, null, 'a', 1, null, 0), (1, null, 'b', 1, null, 0)", "left", "right"
    )
    assert compared(sides).equal
    alter("update openaq_marts.fct set unit = 'c' where id is null")
    assert compared(sides).examples == [RowDifference((None, None), (("unit", "a", "c"),))]


def test_a_row_that_is_there_twice_on_one_side_is_found(sides, alter):
    alter(f"insert into openaq_marts.fct from openaq_marts.fct where id = 4 and measured_at = '{NOON}'")
    found = compared(sides)
    assert (found.only_left, found.only_right, found.changed) == (0, 1, 0)
    alter(f"insert into openaq_marts.fct from openaq_marts.fct where id = 4 and measured_at = '{NOON}'", "left")
    assert compared(sides).equal


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        pytest.param(
            "alter table openaq_marts.fct alter value type decimal(18, 6)",
            (ColumnDifference("value", "double", "DOUBLE", "DECIMAL(18,6)"),),
            id="type",
        ),
        pytest.param(
            "alter table openaq_marts.fct add column note varchar",
            (ColumnDifference("note", None, None, "VARCHAR"),),
            id="extra column",
        ),
        pytest.param(
            "alter table openaq_marts.fct drop column unit",
            (ColumnDifference("unit", "varchar", "VARCHAR", None),),
            id="missing column",
        ),
        pytest.param(
            "alter table openaq_marts.fct rename unit to units",
            (ColumnDifference("unit", "varchar", "VARCHAR", None), ColumnDifference("units", None, None, "VARCHAR")),
            id="renamed column",
        ),
        pytest.param(
            "create table t as select id, measured_at, value, unit, day from openaq_marts.fct;"
            "drop table openaq_marts.fct; create table openaq_marts.fct as from t",
            (
                ColumnDifference(
                    "(order of columns)",
                    "id, measured_at, unit, value, day",
                    "id, measured_at, unit, value, day",
                    "id, measured_at, value, unit, day",
                ),
            ),
            id="order",
        ),
    ],
)
def test_columns_that_differ_are_told_and_the_others_still_compared(sides, alter, change, differences):
    alter(change)
    alter("update openaq_marts.fct set day = '2025-11-21' where id = 0")
    found = compared(sides)
    assert found.columns == differences
    assert found.changed_columns == {"day": 24}


def test_both_sides_alike_but_not_as_declared_is_a_difference(sides, alter):
    alter("alter table openaq_marts.fct alter id type integer", "left", "right")
    assert compared(sides).columns == (ColumnDifference("id", "bigint", "INTEGER", "INTEGER"),)


def test_rows_are_not_compared_when_a_key_column_differs(sides, alter):
    alter("alter table openaq_marts.fct alter id type varchar")
    found = compared(sides)
    assert (found.compared, found.equal, found.rows) == (False, False, (0, 0))


def test_a_mart_that_one_side_lacks_is_a_difference(sides, alter):
    alter("drop table openaq_marts.fct")
    assert (compared(sides).absent, compared(sides).equal) == ("right", False)
    assert compared(sides[::-1]).absent == "right"


def test_a_mart_that_both_sides_lack_cannot_be_compared(sides, alter):
    alter("drop table openaq_marts.fct", "left", "right")
    with pytest.raises(CannotCompare, match=r"openaq_marts.fct is neither on left nor on right"):
        compared(sides)


def test_a_key_that_is_not_exact_cannot_be_compared(sides):
    with pytest.raises(CannotCompare, match="not exact: value"):
        compared(sides, Mart("openaq_marts", "fct", TYPES, ("id", "value")))


def test_schemas_are_found_under_the_name_they_have_on_each_side(sides, alter):
    alter("create schema ana_openaq_marts; create table ana_openaq_marts.fct as from openaq_marts.fct")
    alter("drop schema openaq_marts cascade")
    assert compared((sides[0], Side("right", sides[1].target, "ana_{}".format))).equal


class Rows:
    """A target of as many rows as asked for, handed over one by one; `query` gives the columns' types only."""

    def __init__(self, count: int, backwards: bool = False) -> None:
        self.count, self.backwards = count, backwards

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        raise NotImplementedError(sql)

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        if "information_schema" in sql:
            yield from [("fct", name, kind) for name, kind in TYPES.items()]
            return
        numbers = range(self.count)
        for number in reversed(numbers) if self.backwards else numbers:
            yield number, NOON + timedelta(seconds=number), "µg/m³", number / 7, date(2025, 11, 20)


def test_memory_does_not_grow_with_the_rows():
    streams: Any = Rows(5_000)
    tracemalloc.start()
    try:
        assert compared((Side("left", streams, str), Side("right", streams, str))).rows == (5_000, 5_000)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_rows_in_another_order_than_asked_for_are_refused(sides):
    backwards: Any = Rows(3, backwards=True)
    with pytest.raises(CannotCompare, match=r"right gives the rows of openaq_marts.fct in another order"):
        compared((sides[0], Side("right", backwards, str)))


def test_a_target_that_only_answers_whole_is_compared_too(sides):
    class Whole:
        query = staticmethod(sides[1].target.query)

    whole: Any = Whole()
    assert compared((sides[0], Side("right", whole, str))).equal
