"""Tasks that every pipeline shares, and the record that each of them leaves in the run's journal."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from airflow.sdk import get_current_context, task

from tandem.airflow_local import WAREHOUSE_POOL
from tandem.dags.partitions import run_days
from tandem.days import batches
from tandem.journal import Event, journal_of
from tandem.settings import settings

P = ParamSpec("P")
R = TypeVar("R")
Progress = Callable[[int, int], None]
log = logging.getLogger(__name__)


def recorded(function: Callable[P, R]) -> Callable[P, R]:
    """Hold the lake's lease while a task function runs; leave its time, and the dict it returns, in the journal."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        from tandem.runs import hold_for_task

        context = get_current_context()
        run_id, instance = context["run_id"], context["ti"]
        with journal_of(run_id).task(instance.task_id, _map_index(instance)) as facts:
            hold_for_task(run_id)
            result = function(*args, **kwargs)
            if isinstance(result, dict):
                facts.update(result)
            return result

    return wrapper


def progress_of_task() -> Progress:
    """A function (done, total) that tells whoever watches how far the current task is; callable from any thread."""
    context = get_current_context()
    journal, instance = journal_of(context["run_id"]), context["ti"]

    def report(done: int, total: int) -> None:
        facts = {"done": done, "total": total}
        journal.append(Event(instance.task_id, _map_index(instance), "progress", time.time(), facts=facts))

    return report


def _map_index(instance: Any) -> int:
    return -1 if instance.map_index is None else int(instance.map_index)


@task
@recorded
def plan_batches() -> list[list[str]]:
    """Split the run's days into what one mapped task takes."""
    return batches(run_days())


@task
@recorded
def refine(system: str, days: list[str]) -> dict[str, Any]:
    """Raw payloads of these days to typed Parquet; what cannot be used goes to quarantine."""
    from datetime import date

    from tandem import steps

    store = steps.open_lake(settings())
    parsed = [date.fromisoformat(day) for day in days]
    return {"rows": steps.refine(store, system, parsed, progress=progress_of_task())}


@task(pool=WAREHOUSE_POOL)
@recorded
def catalog(system: str) -> dict[str, Any]:
    """Let the warehouse see the newest commit of every partition."""
    from tandem import warehouse

    return warehouse.catalog(settings(), system)


@task(pool=WAREHOUSE_POOL)
@recorded
def validate(system: str) -> dict[str, Any]:
    """Schema, counts, null rates and the share set aside, of all days that dbt has still to build."""
    from tandem import warehouse

    return warehouse.validate(settings(), system, run_days())


@task(pool=WAREHOUSE_POOL)
@recorded
def dbt_build(system: str, layer: str) -> dict[str, Any]:
    """Build and test one layer for the days owed; nothing owed, no dbt."""
    from tandem import warehouse

    return warehouse.build_layer(settings(), system, layer, run_days()[-1])


@task(pool=WAREHOUSE_POOL)
@recorded
def serve(system: str) -> dict[str, Any]:
    """Hold the marts' counts against the manifests, write the ledger, and show readers the new state."""
    from tandem import warehouse

    return warehouse.serve(settings(), system)


@task
@recorded
def write_report(system: str) -> dict[str, Any]:
    """One self-contained page: what the marts say, and what this run did."""
    from tandem.summary import summarize, write_page

    summary = summarize(settings(), system, journal_of(get_current_context()["run_id"]), run_days())
    return {"report": str(write_page(settings(), system, summary))}


@task(retries=0)
@recorded
def notify(system: str) -> dict[str, Any]:
    """Say in the log that the run succeeded, and for which days."""
    days = run_days()
    log.info("%s succeeded for %s to %s", system, days[0], days[-1])
    return {"days": len(days)}


@task
def release_lake() -> None:
    """Give the lake free for the next run, however this one ended."""
    from tandem.runs import release_lease

    release_lease(get_current_context()["run_id"])
