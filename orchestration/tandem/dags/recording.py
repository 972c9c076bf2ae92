"""The record that each task leaves in the run's journal, and the limits it is held against meanwhile."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ParamSpec, TypeVar

from airflow.sdk import get_current_context

from tandem.alerts.limits import Limit, watched
from tandem.dags.alerts import alert_overrun
from tandem.journal import Event, Journal, journal_of
from tandem.scrub import no_secret_leaves
from tandem.settings import settings

P = ParamSpec("P")
R = TypeVar("R")
Progress = Callable[[int, int], None]


def recorded(function: Callable[P, R]) -> Callable[P, R]:
    """Hold the lake's lease while a task function runs; leave its time, and the dict it returns, in the journal."""
    return _recorded(function, None)


def recorded_within(limit: Limit) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Like `recorded`, and alert once when the task takes longer than the limit."""
    return lambda function: _recorded(function, limit)


def run_name(context: Mapping[str, Any]) -> str:
    """What a run is called where runs of several DAGs meet: two may have the same run id."""
    return f"{context['ti'].dag_id} {context['run_id']}"


def progress_of_task() -> Progress:
    """A function (done, total) that tells whoever watches how far the current task is; callable from any thread."""
    journal, task, map_index = _here()

    def report(done: int, total: int) -> None:
        facts = {"done": done, "total": total}
        journal.append(Event(task, map_index, "progress", time.time(), facts=facts))

    return report


def facts_of_previous_attempt() -> dict[str, Any]:
    """What the attempt before this one left in the journal; nothing when there was none, or when it was killed."""
    journal, task, map_index = _here()
    event = journal.previous_attempt(task, map_index)
    return event.facts if event else {}


def _recorded(function: Callable[P, R], limit: Limit | None) -> Callable[P, R]:
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        from tandem.runs import hold_for_task

        _mask_secrets()
        journal, task, map_index = _here()
        with journal.task(task, map_index) as facts, no_secret_leaves(settings().secrets):
            hold_for_task(run_name(get_current_context()))
            facts |= {"limit": limit.name} if limit else {}
            with _watched(limit, journal, task, map_index) if limit else nullcontext():
                result = function(*args, **kwargs)
            if isinstance(result, dict):
                facts.update(result)
            return result

    return wrapper


def _watched(limit: Limit, journal: Journal, task: str, map_index: int) -> AbstractContextManager[None]:
    seconds = limit.seconds(settings())
    # Airflow knows the context in this thread only, and the alert is sent from another.
    told = functools.partial(alert_overrun, get_current_context(), f"{seconds:g} s for {limit.what}")
    return watched(limit, seconds, journal, task, map_index, told)


def _here() -> tuple[Journal, str, int]:
    context = get_current_context()
    instance = context["ti"]
    index = -1 if instance.map_index is None else int(instance.map_index)
    return journal_of(instance.dag_id, context["run_id"]), instance.task_id, index


def _mask_secrets() -> None:
    """Let Airflow take our secrets out of what the task logs."""
    from airflow.sdk.log import mask_secret

    for secret in settings().secrets:
        mask_secret(secret)
