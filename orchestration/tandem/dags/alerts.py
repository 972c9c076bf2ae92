"""When Airflow tells of a run: at each failed attempt, at success, and at a missed deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference

from tandem.dags.partitions import days_of, window_params
from tandem.journal import journal_of
from tandem.scrub import scrubbed
from tandem.settings import settings

if TYPE_CHECKING:
    from tandem.alerts.message import Alert, Status

log = logging.getLogger(__name__)


def alert_retry(context: Mapping[str, Any]) -> None:
    """Tell of an attempt that failed and will be followed by another (Airflow's `on_retry_callback`)."""
    _tell(lambda: _failure(context, "will be tried again"))


def alert_failure(context: Mapping[str, Any]) -> None:
    """Tell of a task that failed for good (Airflow's `on_failure_callback`)."""
    _tell(lambda: _failure(context, "will not be tried again"))


def alert_success(context: Mapping[str, Any]) -> None:
    """Tell of a run that succeeded; to be called by its last task."""
    from tandem.alerts.message import Status

    _tell(lambda: _of_task(context, Status.SUCCESS, _since(context["dag_run"].start_date)))


def alert_overrun(context: Mapping[str, Any], limit: str, seconds: float) -> None:
    """Tell of a task that has used up its limit and goes on; callable from any thread."""
    from tandem.alerts.message import Status

    _tell(lambda: _of_task(context, Status.LATE, seconds, limit=limit, running=_name(context["ti"])))


def run_deadline(system: str) -> DeadlineAlert:
    """The time a whole run may take from the moment it is queued; the scheduler watches it and stops nothing."""
    seconds = settings().tandem_deadline_run_seconds
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=seconds),
        callback=AsyncCallback(run_is_late, {"system": system, "seconds": seconds}),
        name="whole run",
    )


async def run_is_late(system: str, seconds: float, context: dict[str, Any]) -> None:
    """Tell of a run that missed its deadline; the triggerer calls it with a few fields of the run."""
    await asyncio.to_thread(_tell, lambda: _late_run(system, seconds, context["dag_run"]))


def _of_task(context: Mapping[str, Any], status: Status, seconds: float | None, **more: Any) -> Alert:
    from tandem.alerts.message import Alert

    instance, run = context["ti"], context["dag_run"]
    named = {
        "logical_date": _moment(context.get("logical_date") or run.run_after),
        "days": _days(days_of(context)),
        "seconds": seconds,
        "link": instance.log_url,
    }
    return Alert(status, instance.dag_id, _name(instance), **named, **more)


def _failure(context: Mapping[str, Any], outlook: str) -> Alert:
    from tandem.alerts.message import Status

    instance, error = context["ti"], context.get("exception")
    # Of a task whose process was killed Airflow knows neither the error nor the start.
    exception = f"{type(error).__name__}: {error}" if error else "the process of the task ended without an error"
    started = getattr(instance, "start_date", None)
    attempt = f"{instance.try_number} of {instance.max_tries + 1}, {outlook}"
    return _of_task(context, Status.FAILURE, _since(started), attempt=attempt, exception=exception)


def _late_run(system: str, seconds: float, run: Mapping[str, Any]) -> Alert:
    from airflow.sdk.configuration import conf

    from tandem.alerts.message import Alert, Status

    parameters = {name: parameter.value for name, parameter in window_params(system).items()}
    moment = datetime.fromisoformat(run["logical_date"] or run["run_after"])
    context = {
        "partition_key": run["partition_key"],
        "params": parameters | (run["conf"] or {}),
        "logical_date": moment,
    }
    base_url = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    return Alert(
        Status.LATE,
        run["dag_id"],
        logical_date=_moment(moment),
        days=_days(days_of(context)),
        seconds=_since(datetime.fromisoformat(run["queued_at"])),
        limit=f"{seconds:g} s for the whole run",
        running=", ".join(journal_of(run["dag_id"], run["dag_run_id"]).at_work()) or "no task",
        link=f"{base_url}/dags/{run['dag_id']}/runs/{run['dag_run_id']}",
    )


def _tell(alert: Callable[[], Alert]) -> None:
    from tandem.alerts.slack import send

    try:
        send(settings(), alert())
    except Exception as error:
        reason = scrubbed(f"{type(error).__name__}: {error}", settings().secrets)
        log.warning("No alert was sent, because it could not be written: %s", reason)


def _name(instance: Any) -> str:
    index = instance.map_index
    return instance.task_id if index is None or index < 0 else f"{instance.task_id}[{index}]"


def _days(days: list[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)} days)"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _since(started: datetime | None) -> float | None:
    return None if started is None else (datetime.now(UTC) - started).total_seconds()
