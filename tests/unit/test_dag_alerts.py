"""What Airflow's callbacks tell, from the contexts that Airflow gives them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slack_recorder import SlackRecorder

from tandem.dags import alerts
from tandem.errors import SourceUnavailable
from tandem.journal import journal_of
from tandem.settings import settings

RUN_ID = "scheduled__2025-11-04T06:00:00+00:00"
LINK = f"http://127.0.0.1:8080/dags/a_dag/runs/{RUN_ID}/tasks/a_task"


@pytest.fixture(autouse=True)
def webhook(slack: SlackRecorder, tandem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", slack.webhook)


def context(**more: Any) -> dict[str, Any]:
    """A task's context as a scheduled run has it."""
    started = datetime.now(UTC) - timedelta(seconds=90)
    task = {"dag_id": "a_dag", "task_id": "a_task", "map_index": -1, "try_number": 2, "max_tries": 2, "log_url": LINK}
    run = {"run_after": datetime(2025, 11, 4, 6, tzinfo=UTC), "start_date": started}
    return {
        "ti": SimpleNamespace(**{**task, "start_date": started, **more.pop("ti", {})}),
        "dag_run": SimpleNamespace(**run),
        "run_id": RUN_ID,
        "partition_key": "2025-11-03",
        "logical_date": None,
        **more,
    }


def test_a_failed_attempt_says_which_it_was_and_what_comes(slack: SlackRecorder) -> None:
    alerts.alert_retry(context(exception=SourceUnavailable("no answer from the shop")))
    (told,) = slack.received
    assert told.fields == {
        "Status": "FAILURE",
        "DAG": "a_dag",
        "Task": "a_task",
        "Logical date": "2025-11-04T06:00:00+00:00",
        "Days": "2025-11-03",
        "Duration": "1 min 30 s",
        "Attempt": "2 of 3, will be tried again",
    }
    assert "SourceUnavailable: no answer from the shop" in told.text
    assert f"<{LINK}|Log>" in told.text


def test_the_last_attempt_says_that_it_was_the_last(slack: SlackRecorder) -> None:
    alerts.alert_failure(context(exception=ValueError("no"), ti={"try_number": 3, "map_index": 4}))
    assert slack.received[0].fields["Attempt"] == "3 of 3, will not be tried again"
    assert slack.received[0].fields["Task"] == "a_task[4]"


def test_a_killed_task_is_told_of_with_the_little_that_is_known(slack: SlackRecorder) -> None:
    known = context()
    del known["ti"].start_date
    alerts.alert_failure(known)
    assert "Duration" not in slack.received[0].fields
    assert "ended without an error" in slack.received[0].text


def test_success_says_how_long_the_run_took_and_its_days(slack: SlackRecorder) -> None:
    alerts.alert_success(context(partition_key=None, params={"from": "2025-11-01", "to": "2025-11-03"}))
    assert slack.received[0].fields["Status"] == "SUCCESS"
    assert slack.received[0].fields["Days"] == "2025-11-01 to 2025-11-03 (3 days)"
    assert slack.received[0].fields["Duration"] == "1 min 30 s"


def test_an_alert_that_cannot_be_written_is_a_warning(
    slack: SlackRecorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_s3cret")
    with caplog.at_level(logging.WARNING):
        alerts.alert_failure({"ti": SimpleNamespace(log="rk_s3cret"), "dag_run": None})
    assert slack.received == []
    assert "could not be written" in caplog.text
    assert "rk_s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("of_run", "days"),
    [
        pytest.param({"partition_key": "2025-11-03"}, "2025-11-03", id="partition"),
        pytest.param(
            {"conf": {"from": "2025-11-01", "to": "2025-11-02"}}, "2025-11-01 to 2025-11-02 (2 days)", id="conf"
        ),
        pytest.param({}, "2025-10-31", id="the day before"),
    ],
)
def test_a_late_run_says_its_limit_and_what_is_running(
    of_run: dict[str, Any], days: str, slack: SlackRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_HOST", "db")
    queued = (datetime.now(UTC) - timedelta(seconds=1830)).isoformat()
    run = {"dag_id": "a_dag", "dag_run_id": RUN_ID, "partition_key": None, "conf": None, "queued_at": queued}
    run |= {"logical_date": None, "run_after": "2025-11-01T06:00:00Z", **of_run}
    with journal_of("a_dag", RUN_ID).task("extract_stripe_charges", -1):
        asyncio.run(alerts.run_is_late("ecommerce", 1800.0, context={"dag_run": run}))
    (told,) = slack.received
    assert told.fields == {
        "Status": "MISSED DEADLINE",
        "DAG": "a_dag",
        "Logical date": "2025-11-01T06:00:00+00:00",
        "Days": days,
        "Duration": "30 min 30 s",
        "Limit": "1800 s for the whole run",
        "Running": "extract_stripe_charges",
    }
    assert f"/dags/a_dag/runs/{RUN_ID}" in told.text


def test_the_deadline_of_a_run_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_DEADLINE_RUN_SECONDS", "1.5")
    settings.cache_clear()
    assert alerts.run_deadline("ecommerce").interval == timedelta(seconds=1.5)
