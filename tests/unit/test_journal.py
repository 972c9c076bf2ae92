"""The journal of a run."""

from pathlib import Path

import pytest

from tandem.errors import DbtError
from tandem.journal import Event, Journal, watched_by


def test_task_leaves_start_end_and_facts(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "manual__2025-11-20T00:00:00+00:00")
    with journal.task("refine", 3) as facts:
        facts["rows"] = 7
    states = [(event.task, event.map_index, event.state) for event in journal.read()]
    assert states == [("refine", 3, "running"), ("refine", 3, "success")]
    assert journal.read()[-1].facts == {"rows": 7}


def test_failed_task_keeps_its_message_and_raises(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    with pytest.raises(ValueError, match="no such day"), journal.task("refine", -1):
        raise ValueError("no such day")
    assert journal.read()[-1].message == "no such day"


def test_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    with journal.task("refine", -1):
        pass
    journal.path.write_text(journal.path.read_text()[:-20])
    assert [event.state for event in journal.read()] == ["running"]


def test_progress_reaches_watchers_but_not_the_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    seen: list[Event] = []
    with watched_by(seen.append):
        journal.append(Event("refine", -1, "progress", 0.0, facts={"done": 1, "total": 2}))
    assert [event.state for event in seen] == ["progress"]
    assert journal.read() == []


def test_failed_task_keeps_the_facts_of_its_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    with pytest.raises(DbtError), journal.task("dbt_marts", -1):
        raise DbtError("1 of 2 failed", {"undone": ["fqn:a.b"]})
    assert journal.read()[-1].facts == {"undone": ["fqn:a.b"]}


def test_an_attempt_knows_how_the_one_before_ended(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    with journal.task("dbt_marts", -1):
        assert journal.previous_attempt("dbt_marts", -1) is None
    with journal.task("dbt_marts", 0):
        assert journal.previous_attempt("dbt_marts", 0) is None
    with pytest.raises(ValueError), journal.task("dbt_marts", -1):
        raise ValueError("no space")
    with journal.task("dbt_marts", -1):
        previous = journal.previous_attempt("dbt_marts", -1)
        assert previous is not None
        assert (previous.state, previous.message) == ("failed", "no space")


def test_a_killed_attempt_ended_in_no_way(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    with pytest.raises(ValueError), journal.task("dbt_marts", -1):
        raise ValueError("no space")
    journal.append(Event("dbt_marts", -1, "running", 0.0))
    with journal.task("dbt_marts", -1):
        assert journal.previous_attempt("dbt_marts", -1) is None


def test_what_has_not_ended_is_at_work(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "run")
    with journal.task("plan", -1):
        pass
    with journal.task("refine", 2), journal.task("register", -1):
        assert journal.at_work() == ["refine[2]", "register"]
    assert journal.at_work() == []
