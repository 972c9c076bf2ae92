"""Tasks at the end of a run: the report, the message, and the lake given back."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context, task

from tandem.dags.alerts import alert_success
from tandem.dags.partitions import run_days
from tandem.dags.recording import recorded, run_name
from tandem.journal import journal_of
from tandem.settings import settings

log = logging.getLogger(__name__)


@task
@recorded
def write_report(system: str) -> dict[str, Any]:
    """One self-contained page: what the marts say, and what this run did."""
    from tandem.summary import summarize, write_page

    context = get_current_context()
    journal = journal_of(context["ti"].dag_id, context["run_id"])
    summary = summarize(settings(), system, journal, run_days())
    return {"report": str(write_page(settings(), system, summary))}


@task(retries=0)
@recorded
def notify(system: str) -> dict[str, Any]:
    """Say in the log and to Slack that the run succeeded, and for which days."""
    days = run_days()
    log.info("%s succeeded for %s to %s", system, days[0], days[-1])
    alert_success(get_current_context())
    return {"days": len(days)}


@task
def release_lake() -> None:
    """Give the lake free for the next run, however this one ended."""
    from tandem.runs import release_lease

    release_lease(run_name(get_current_context()))
