"""From when to when a capture asks, by what was captured before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tandem.extract.watermark import newest_before, window
from tandem.lake.partition import Partition, Zone
from tandem.lake.raw import Capture
from tandem.lake.store import Store, open_store

HOURS = timedelta(hours=1)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return open_store(tmp_path.as_uri())


def captured(lake: Store, *days: date, feed: str = "orders") -> None:
    for day in days:
        Capture(lake, Partition("ecommerce", feed, day)).commit()


def newest(lake: Store, day: date) -> date | None:
    found = newest_before(lake, "ecommerce", "orders", day)
    return found.partition.day if found else None


def test_nothing_captured_asks_for_all(lake: Store) -> None:
    asked = window(lake, "ecommerce", "orders", date(2025, 11, 3), 24 * HOURS)
    assert asked.changed_from is None
    assert asked.changed_before == datetime(2025, 11, 4, tzinfo=UTC)
    assert asked.earlier is None


@pytest.mark.parametrize(
    ("overlap", "begin"),
    [
        pytest.param(0 * HOURS, datetime(2025, 11, 3, tzinfo=UTC), id="no overlap"),
        pytest.param(1.5 * HOURS, datetime(2025, 11, 2, 22, 30, tzinfo=UTC), id="an hour and a half"),
        pytest.param(timedelta.max, None, id="more than there ever was"),
    ],
)
def test_changes_are_asked_for_since_the_end_of_the_capture_before_less_the_overlap(
    lake: Store, overlap: timedelta, begin: datetime | None
) -> None:
    captured(lake, date(2025, 10, 31), date(2025, 11, 2))
    asked = window(lake, "ecommerce", "orders", date(2025, 11, 9), overlap)
    assert asked.changed_from == begin
    assert asked.earlier is not None
    assert asked.earlier.partition.day == date(2025, 11, 2)


def test_a_day_captured_before_it_ended_is_asked_for_from_that_moment(lake: Store) -> None:
    before = datetime.now(UTC)
    tomorrow = before.date() + timedelta(days=1)
    captured(lake, tomorrow)
    asked = window(lake, "ecommerce", "orders", tomorrow + timedelta(days=1), 0 * HOURS)
    assert asked.changed_from is not None
    assert before <= asked.changed_from <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        pytest.param(date(2026, 2, 1), date(2026, 1, 5), id="an earlier month"),
        pytest.param(date(2026, 1, 5), date(2025, 12, 31), id="an earlier year, not the day itself"),
        pytest.param(date(2025, 12, 31), date(2025, 2, 10), id="over months without a capture"),
        pytest.param(date(2025, 2, 10), date(2025, 2, 9), id="the day before"),
        pytest.param(date(2025, 2, 9), None, id="nothing before"),
    ],
)
def test_the_newest_capture_before_a_day_is_found(lake: Store, day: date, found: date | None) -> None:
    captured(lake, date(2025, 2, 9), date(2025, 2, 10), date(2025, 12, 31), date(2026, 1, 5))
    captured(lake, date(2025, 12, 30), feed="customers")
    assert newest(lake, day) == found


def test_a_folder_without_a_commit_is_no_capture(lake: Store) -> None:
    captured(lake, date(2025, 11, 1))
    Capture(lake, Partition("ecommerce", "orders", date(2025, 11, 2))).add("rows", b"killed", {})
    assert newest(lake, date(2025, 11, 3)) == date(2025, 11, 1)


def test_the_search_costs_the_same_however_long_the_history_is(lake: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    captured(lake, *(date(2024, 1, 1) + timedelta(days=n) for n in range(0, 700, 7)))
    looked: list[str] = []
    folders = Store.folders
    monkeypatch.setattr(Store, "folders", lambda store, path="": looked.append(path) or folders(store, path))
    assert newest(lake, date(2025, 11, 20)) == date(2025, 11, 17)
    assert len(looked) == 3
    assert lake.get(Partition("ecommerce", "orders", date(2025, 11, 17)).folder(Zone.RAW) + "/_current.json")
