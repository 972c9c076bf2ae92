"""What Athena is asked when rows are counted: short, and pruned to the days in question."""

from datetime import date, timedelta

import pytest

from tandem.schemas import entity
from tandem.targets.athena import counting

FIRST = date(2025, 10, 30)
DECADE = [date(2016, 1, 1) + timedelta(days=number) for number in range(3653)]


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0], [(0, 0)], id="one"),
        pytest.param([2, 0, 1, 1], [(0, 2)], id="unordered-and-twice"),
        pytest.param([0, 2, 3, 9], [(0, 0), (2, 3), (9, 9)], id="with-gaps"),
    ],
)
def test_days_become_unbroken_runs(days, runs):
    found = counting.runs_of(FIRST + timedelta(days=number) for number in days)
    assert found == [tuple(FIRST + timedelta(days=number) for number in run) for run in runs]


def test_a_source_is_pruned_by_its_hive_keys_month_by_month():
    sql = counting.source_statement("db", "t", ["id"], [FIRST, FIRST + timedelta(days=3)])
    assert sql.partition(" where ")[2].partition(" group by ")[0] == (
        "(year = '2025' and month = '10' and day in ('30')) or (year = '2025' and month = '11' and day in ('02'))"
    )


@pytest.mark.parametrize(("days", "where"), [(None, "where 1 = 1 "), ([], "where 1 = 0 ")])
def test_all_days_and_no_days(days, where):
    assert where in counting.source_statement("db", "t", ["id"], days)
    assert where in counting.mart_statement("db", "t", days)


def test_ten_years_of_days_stay_far_below_what_athena_takes():
    columns = [column.name for column in entity("openaq", "measurements").columns]
    assert len(counting.source_statement("db", "t", columns, DECADE)) < 40_000
    assert len(counting.mart_statement("db", "t", DECADE[::2])) < 262_144


def test_a_day_that_is_not_in_the_partition_it_should_be_is_seen():
    rows = [[1, None, 3, 0, "bigint"], [0, None, 1, 0, "bigint"], [0, FIRST, 2, 0, "bigint"]]
    assert counting.observed(["id"], rows).rows == {None: 1, FIRST: 2}
