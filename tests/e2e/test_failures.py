"""What goes wrong is said once and clearly, and leaves nothing half-written."""

from __future__ import annotations

import resource
from collections.abc import Callable

import httpx
from homes import Answer, Home, window

from tandem.standins.openaq.server import OpenAQStandin

Serve = Callable[..., OpenAQStandin]
SECRET = "k3y-that-must-never-be-shown-5f1d"


def test_a_bad_key_fails_at_once_and_is_never_shown(empty_home: Home, serving: Serve) -> None:
    source = serving()
    environment = empty_home.environment(OPENAQ_BASE_URL=source.base_url, OPENAQ_API_KEY=SECRET)
    answer = empty_home.tandem(*window("2025-11-01", "2025-11-01"), environment=environment)
    assert answer.code == 1
    assert "OPENAQ_API_KEY" in answer.said
    assert httpx.get(f"{source.base_url}/requests").json() == {"requests": 1}
    assert [event.state for event in empty_home.ended("extract_raw_data.register")] == ["failed"]
    assert SECRET not in answer.said
    assert [path for path, data in empty_home.files().items() if SECRET.encode() in data] == []


def test_a_home_that_cannot_be_written_is_said_and_nothing_is_left(empty_home: Home) -> None:
    blocked = Home(empty_home.path / "file")
    blocked.path.write_text("in the way")
    answer = blocked.tandem(*window("2025-11-01", "2025-11-01"))
    assert answer.code == 2
    assert f"TANDEM_HOME={blocked.path}" in answer.said
    assert "Traceback" not in answer.said
    assert blocked.path.read_text() == "in the way"


def test_a_disk_that_is_full_from_the_start_is_said_and_changes_nothing(home: Home, serving: Serve) -> None:
    before = home.rows_per_day()
    source = serving(empty=[{"day": "2025-11-02"}])
    answer = run_with_files_up_to(50_000, home, source)
    assert answer.code in (1, 2)
    assert "has free space" in answer.said
    assert "Traceback" not in answer.said
    assert home.rows_per_day() == before
    home.run("2025-11-01", "2025-11-02")
    assert home.rows_per_day() == before


def test_a_disk_that_fills_up_leaves_readers_the_old_state_and_the_next_run_is_whole(
    home: Home, serving: Serve
) -> None:
    before = home.rows_per_day()
    source = serving(empty=[{"day": "2025-11-02"}])
    answer = run_with_files_up_to(3_000_000, home, source)
    assert answer.code == 1
    assert "Could not write file" in answer.said
    assert "Traceback" not in answer.said
    assert home.rows_per_day() == before
    home.run("2025-11-01", "2025-11-02", source)
    assert home.rows_per_day() == {day: rows for day, rows in before.items() if day != "2025-11-02"}


def run_with_files_up_to(size: int, home: Home, source: OpenAQStandin) -> Answer:
    """A run that may not make a file larger: to a program that is a disk without space."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return home.tandem(*window("2025-11-01", "2025-11-02"), environment=home.environment(source), limit=limit)
