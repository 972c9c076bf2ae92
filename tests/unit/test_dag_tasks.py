"""Task functions of the DAGs, called as Airflow calls them: their record, their limit, and what a retry knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slack_recorder import SlackRecorder

from tandem import steps, warehouse
from tandem.dags import alerts, build, ingest, recording
from tandem.errors import DbtError, SchemaChanged
from tandem.extract import ecommerce
from tandem.extract.captured import Captured
from tandem.journal import Event, Journal, journal_of, watched_by
from tandem.settings import settings

DAY = date(2025, 11, 3)
RUN_ID = "scheduled__2025-11-04"
Call = Callable[..., Any]


@pytest.fixture
def call(tandem_home: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls a task's function inside the context of a run for DAY; an attempt fails as the function does."""

    def run(task: Any, task_id: str, *arguments: Any) -> Any:
        instance = SimpleNamespace(dag_id="a_dag", task_id=task_id, map_index=-1, log_url="http://127.0.0.1/log")
        run = SimpleNamespace(run_after=datetime(2025, 11, 4, 6, tzinfo=UTC))
        context = {"ti": instance, "dag_run": run, "run_id": RUN_ID, "partition_key": DAY.isoformat()}
        for module in (recording, ingest, build, alerts):
            monkeypatch.setattr(module, "get_current_context", lambda: context, raising=False)
        monkeypatch.setattr("tandem.dags.partitions.get_current_context", lambda: context)
        return task.function(*arguments)

    return run


def journal() -> Journal:
    return journal_of("a_dag", RUN_ID)


def test_a_retry_of_dbt_is_told_what_the_attempt_before_left(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def built(*_arguments: Any, before: dict[str, Any], **_options: Any) -> dict[str, Any]:
        seen.append(before)
        if len(seen) == 1:
            raise DbtError("1 of 2 failed", {"undone": ["fqn:a.b"], "work": "w"})
        return {"owed": 1}

    monkeypatch.setattr(warehouse, "build_layer", built)
    with pytest.raises(DbtError):
        call(build.dbt_run, "dbt_run_marts", "ecommerce", "marts")
    call(build.dbt_run, "dbt_run_marts", "ecommerce", "marts")
    assert seen == [{}, {"limit": "dbt", "undone": ["fqn:a.b"], "work": "w"}]
    assert [event.state for event in journal().read()] == ["running", "failed", "running", "success"]


def test_dbt_run_leaves_the_tests_and_dbt_build_runs_them(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(warehouse, "build_layer", lambda *args, **options: seen.append((args[1:], options)) or {})
    call(build.dbt_run, "dbt_run_marts", "ecommerce", "marts")
    call(build.dbt_build, "dbt_marts", "openaq", "marts")
    assert seen == [
        (("ecommerce", "marts", DAY), {"tests": False, "before": {}}),
        (("openaq", "marts", DAY), {"before": {}}),
    ]


def test_a_task_over_its_limit_alerts_and_goes_on(
    call: Call, slack: SlackRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.webhook)
    monkeypatch.setenv("TANDEM_DEADLINE_TEST_SECONDS", "0.01")
    monkeypatch.setattr(warehouse, "run_tests", lambda *_args: slack.wait_for(bool) and {"owed": 3})
    assert call(build.dbt_test, "dbt_test_all", "ecommerce") == {"owed": 3}
    (told,) = slack.received
    assert told.fields["Limit"] == "0.01 s for the tests of a run"
    assert (told.fields["Running"], told.fields["Days"]) == ("dbt_test_all", "2025-11-03")
    assert [event.state for event in journal().read()] == ["running", "late", "success"]


def test_an_error_leaves_a_task_without_secrets(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_s3cret-of-stripe")

    def refused(*_arguments: Any) -> None:
        raise ValueError("no such key: rk_s3cret-of-stripe")

    monkeypatch.setattr(warehouse, "run_tests", refused)
    with pytest.raises(ValueError, match=r"no such key: \*+$"):
        call(build.dbt_test, "dbt_test_all", "ecommerce")
    assert "s3cret" not in journal().path.read_text()


class Source:
    """Stands in for the extraction of the shop; its second feed has a column more, or one less."""

    def __init__(self, missing: bool = False) -> None:
        self.missing, self.asked = missing, []

    def capture(self, _settings: Any, _lake: Any, feed: str, days: list[date], progress: Call) -> Captured:
        self.asked.append((feed, days))
        if feed == "refunds" and self.missing:
            raise SchemaChanged("refunds has no column amount")
        progress(1, 1)
        notices = ["refunds has a new column tax"] if feed == "refunds" else []
        return Captured([SimpleNamespace(files=["a", "b"], bytes=10)], notices)


@pytest.fixture
def later_steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What follows the capture, as a record of calls: the step, and the entities that it was told."""
    calls: list[tuple[str, Any]] = []

    def step(name: str, place: int, answer: dict[str, Any]) -> Call:
        return lambda *args, **_options: calls.append((name, args[place])) or answer

    monkeypatch.setattr(steps, "refine", step("refine", 3, {"charges": {"in": 5}}))
    monkeypatch.setattr(warehouse, "catalog", step("catalog", 2, {"published": {"charges": 1}}))
    monkeypatch.setattr(warehouse, "validate", step("validate", 3, {"days": {"charges": 1}}))
    return calls


def test_an_extraction_task_takes_its_entities_all_the_way(
    call: Call, later_steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, names, shown = Source(), ["charges", "refunds"], []
    monkeypatch.setattr(ecommerce, "capture", source.capture)
    with watched_by(shown.append):
        facts = call(ingest.ingest, "extract_stripe_charges", "ecommerce", names)
    assert source.asked == [("charges", [DAY]), ("refunds", [DAY])]
    assert later_steps == [("refine", names), ("catalog", names), ("validate", names)]
    assert facts == {
        "files": 4,
        "bytes": 20,
        "notices": ["refunds has a new column tax"],
        "rows": {"charges": {"in": 5}},
        "published": {"charges": 1},
        "days": {"charges": 1},
    }
    assert progress(shown) == [(1, 2), (2, 2)]


def test_a_changed_source_stops_before_the_warehouse_sees_it(
    call: Call, later_steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecommerce, "capture", Source(missing=True).capture)
    with pytest.raises(SchemaChanged):
        call(ingest.ingest, "extract_stripe_charges", "ecommerce", ["charges", "refunds"])
    assert later_steps == []


def test_two_dags_with_one_run_id_have_a_journal_each(tandem_home: Path) -> None:
    assert journal_of("a_dag", RUN_ID).path != journal_of("another_dag", RUN_ID).path
    assert journal_of("a_dag", RUN_ID).path.is_relative_to(settings().state)


def progress(events: list[Event]) -> list[tuple[int, int]]:
    return [(event.facts["done"], event.facts["total"]) for event in events if event.state == "progress"]
