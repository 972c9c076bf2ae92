"""Tasks from a source to the warehouse's sources: step by step, or all of a source in one."""

from __future__ import annotations

from datetime import date
from typing import Any

from airflow.sdk import task

from tandem.airflow_local import WAREHOUSE_POOL
from tandem.alerts.limits import EXTRACTION
from tandem.dags.partitions import run_days
from tandem.dags.recording import Progress, progress_of_task, recorded, recorded_within
from tandem.days import batches
from tandem.settings import settings


@task
@recorded_within(EXTRACTION)
def ingest(system: str, names: list[str]) -> dict[str, Any]:
    """Capture, refine, publish and validate these entities for the days of the run.

    It takes no slot of the warehouse's pool: most of its time is the source's, and the target lets one in at a time
    for the rest.
    """
    from tandem import steps, warehouse

    days, store = run_days(), steps.open_lake(settings())
    captured = _capture(system, names, days, progress_of_task())
    rows = steps.refine(store, system, days, names, progress=lambda _done, _total: None)
    return {
        **captured,
        "rows": rows,
        **warehouse.catalog(settings(), system, names),
        **warehouse.validate(settings(), system, days, names),
    }


def _capture(system: str, names: list[str], days: list[date], progress: Progress) -> dict[str, Any]:
    from importlib import import_module

    from tandem.steps import open_lake

    capture, store = import_module(f"tandem.extract.{system}").capture, open_lake(settings())
    parts = (_part(progress, number, len(names)) for number in range(len(names)))
    captured = [capture(settings(), store, name, days, part) for name, part in zip(names, parts, strict=True)]
    manifests = [manifest for one in captured for manifest in one.manifests]
    return {
        "files": sum(len(manifest.files) for manifest in manifests),
        "bytes": sum(manifest.bytes for manifest in manifests),
        "notices": [notice for one in captured for notice in one.notices],
    }


def _part(progress: Progress, number: int, parts: int) -> Progress:
    """Progress of one part of equal parts, as progress of the whole."""
    return lambda done, total: progress(number * total + done, parts * total)


@task
@recorded
def plan_batches() -> list[list[str]]:
    """Split the run's days into what one mapped task takes."""
    return batches(run_days())


@task
@recorded
def refine(system: str, days: list[str]) -> dict[str, Any]:
    """Raw payloads of these days to typed Parquet; what cannot be used goes to quarantine."""
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
