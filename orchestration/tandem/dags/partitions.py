"""Which days a DAG run takes. Every task asks here, so a run's tasks never disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from airflow.sdk import Param, get_current_context

from tandem.errors import SettingsError
from tandem.settings import settings

BATCH_DAYS = 7


def window_params() -> dict[str, Param]:
    """The two parameters of every DAG: first and last day, inclusive, shown in Airflow's trigger form."""
    window = settings().window
    first, last = (None, None) if window is None else (window[0].isoformat(), window[1].isoformat())
    kind: dict[str, Any] = {"type": ["null", "string"], "format": "date"}
    return {
        "from": Param(first, description="First day, inclusive. Empty: the last complete day.", **kind),
        "to": Param(last, description="Last day, inclusive. Empty: the same as the first.", **kind),
    }


def run_days() -> list[date]:
    """The days of the current run: from the partition key, else the parameters, else the logical date."""
    return days_of(get_current_context())


def days_of(context: Mapping[str, Any]) -> list[date]:
    """The days a task context stands for; raises SettingsError for a window that ends before it begins."""
    key = context.get("partition_key")
    if key:
        return [date.fromisoformat(key[:10])]
    params = context.get("params") or {}
    if params.get("from"):
        return days_between(params["from"], params.get("to") or params["from"])
    moment = context.get("logical_date") or context["dag_run"].run_after
    return [(moment - timedelta(days=1)).date()]


def days_between(first: str, last: str) -> list[date]:
    """All days from `first` to `last`, both ISO dates and both inclusive."""
    start, end = _day(first), _day(last)
    if end < start:
        raise SettingsError(f"The window {first} to {last} ends before it begins. FROM must not be after TO.")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def batches(days: Sequence[date], size: int = BATCH_DAYS) -> list[list[str]]:
    """Days as ISO texts in lists of at most `size`: what one mapped task takes."""
    return [[day.isoformat() for day in days[i : i + size]] for i in range(0, len(days), size)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text!r} is not a day. Write it as YYYY-MM-DD, for example 2025-11-20.") from None
