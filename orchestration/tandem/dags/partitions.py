"""Which days a DAG run takes. Every task asks here, so a run's tasks never disagree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from airflow.sdk import Param, get_current_context

from tandem.days import days_between
from tandem.settings import settings


def window_params(system: str) -> dict[str, Param]:
    """The two parameters of every DAG: first and last day, inclusive, shown in Airflow's trigger form."""
    window = settings().window(system)
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
