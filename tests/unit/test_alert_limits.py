"""A limit that is overrun alerts once, counts what was used before, and stops nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tandem.alerts.limits import DBT_LAYERS, EXTRACTION, TESTS, watched
from tandem.journal import Event, Journal
from tandem.settings import Settings

PATIENCE = 20.0


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, "run")


class Bell:
    """Rings when an alert comes, and keeps what it said."""

    def __init__(self) -> None:
        self.used: list[float] = []
        self.rang = threading.Event()

    def __call__(self, used: float) -> None:
        self.used.append(used)
        self.rang.set()


def ended(journal: Journal, task: str, seconds: float, state: str = "success", limit: str = "dbt") -> None:
    journal.append(Event(task, -1, state, time.time(), seconds, facts={"limit": limit}))


def test_an_overrun_alerts_while_the_block_goes_on(journal: Journal) -> None:
    bell = Bell()
    with watched(EXTRACTION, 0.01, journal, "extract", -1, bell):
        assert bell.rang.wait(PATIENCE)
    assert bell.used[0] >= 0.01
    assert [(event.state, event.facts) for event in journal.read()] == [
        ("late", {"limit": "extraction", "allowed": 0.01})
    ]


def test_a_block_that_keeps_within_its_limit_leaves_nothing_behind(journal: Journal) -> None:
    bell, threads = Bell(), threading.active_count()
    with watched(EXTRACTION, 3600, journal, "extract", -1, bell):
        pass
    assert (bell.used, journal.read(), threading.active_count()) == ([], [], threads)


def test_the_layers_share_their_limit_over_tasks_and_failed_attempts(journal: Journal) -> None:
    ended(journal, "dbt_run_staging", 400)
    ended(journal, "dbt_run_intermediate", 400, "failed")
    ended(journal, "dbt_test_all", 4000, limit="tests")
    within, over = Bell(), Bell()
    with watched(DBT_LAYERS, 900, journal, "dbt_run_intermediate", -1, within):
        assert within.used == []
    ended(journal, "dbt_run_intermediate", 200)
    with watched(DBT_LAYERS, 900, journal, "dbt_run_marts", -1, over):
        assert over.rang.wait(PATIENCE)
    assert 1000 <= over.used[0] < 1000 + PATIENCE


def test_a_limit_that_was_told_of_is_not_told_of_again_in_the_same_run(journal: Journal) -> None:
    first, second = Bell(), Bell()
    with watched(DBT_LAYERS, 0.01, journal, "dbt_run_staging", -1, first):
        assert first.rang.wait(PATIENCE)
    ended(journal, "dbt_run_staging", 1000)
    with watched(DBT_LAYERS, 0.01, journal, "dbt_run_marts", -1, second):
        assert not second.rang.wait(0.1)


@pytest.mark.parametrize(
    ("task", "map_index"), [("other", -1), ("extract", 0)], ids=["another task", "another instance"]
)
def test_each_extraction_has_its_limit_for_itself(journal: Journal, task: str, map_index: int) -> None:
    ended(journal, "extract", 1000, limit="extraction")
    bell = Bell()
    with watched(EXTRACTION, 600, journal, task, map_index, bell):
        pass
    assert bell.used == []


def test_an_error_passes_through(journal: Journal) -> None:
    with pytest.raises(ValueError, match="of its own"), watched(TESTS, 3600, journal, "dbt_test_all", -1, Bell()):
        raise ValueError("of its own")


def test_limits_are_settings() -> None:
    chosen = Settings(tandem_deadline_extract_seconds=1, tandem_deadline_dbt_seconds=2, tandem_deadline_test_seconds=3)
    assert [limit.seconds(chosen) for limit in (EXTRACTION, DBT_LAYERS, TESTS)] == [1, 2, 3]
    assert [limit.seconds(Settings()) for limit in (EXTRACTION, DBT_LAYERS, TESTS)] == [600, 900, 300]
