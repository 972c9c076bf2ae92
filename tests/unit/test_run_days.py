"""Which days a run takes."""

from datetime import UTC, date, datetime

import pytest

from tandem.dags.partitions import days_of
from tandem.days import batches, days_between
from tandem.errors import SettingsError

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)


def test_partition_key_wins_over_parameters() -> None:
    context = {"partition_key": "2025-11-20", "params": {"from": "2025-01-01"}, "logical_date": NOON}
    assert days_of(context) == [date(2025, 11, 20)]


def test_parameters_give_an_inclusive_window() -> None:
    context = {"params": {"from": "2025-11-19", "to": "2025-11-21"}, "logical_date": NOON}
    assert days_of(context) == [date(2025, 11, 19), date(2025, 11, 20), date(2025, 11, 21)]


def test_first_day_alone_is_one_day() -> None:
    assert days_of({"params": {"from": "2025-11-19", "to": None}, "logical_date": NOON}) == [date(2025, 11, 19)]


def test_without_any_day_the_last_complete_one_is_taken() -> None:
    assert days_of({"params": {}, "logical_date": NOON}) == [date(2025, 11, 20)]


def test_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(SettingsError, match="ends before it begins"):
        days_between("2025-11-21", "2025-11-20")


def test_text_that_is_no_day_is_refused_with_an_example() -> None:
    with pytest.raises(SettingsError, match="YYYY-MM-DD"):
        days_between("20.11.2025", "2025-11-21")


def test_batches_keep_order_and_lose_no_day() -> None:
    days = days_between("2025-10-01", "2025-10-17")
    split = batches(days, size=7)
    assert [len(batch) for batch in split] == [7, 7, 3]
    assert [day for batch in split for day in batch] == [day.isoformat() for day in days]
