"""Air quality from OpenAQ: stations, sensors and measurements to daily averages and guideline exceedances.

What arrives: the register of stations and each sensor's measurements of the run's days, from the OpenAQ API v3.
What leaves: the `openaq_marts` schema of the warehouse, and a report page.

A run takes one day or a set of days (parameters `from` and `to`, inclusive; a scheduled run takes the day before).
Run it again for any day: raw keeps both captures, everything after raw is replaced, and dbt rebuilds only days
whose rows changed. It does not guard against a source that silently serves less than it has.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import CronPartitionTimetable, dag, task, task_group

from tandem.alerts.limits import EXTRACTION
from tandem.dags.alerts import run_deadline
from tandem.dags.build import dbt_build, serve
from tandem.dags.closing import notify, release_lake, write_report
from tandem.dags.defaults import default_args
from tandem.dags.ingest import catalog, plan_batches, refine, validate
from tandem.dags.partitions import run_days, window_params
from tandem.dags.recording import progress_of_task, recorded_within
from tandem.settings import settings

SYSTEM = "openaq"


@task
@recorded_within(EXTRACTION)
def register() -> dict[str, Any]:
    """Capture the register of stations, under the last day of the run."""
    from tandem.extract.openaq import extract_register, open_source
    from tandem.steps import open_lake

    with open_source(settings()) as source:
        manifest = extract_register(open_lake(settings()), source, run_days()[-1], settings().countries)
    return {"files": len(manifest.files), "bytes": manifest.bytes}


@task
@recorded_within(EXTRACTION)
def measurements(days: list[str]) -> dict[str, Any]:
    """Capture every sensor's measurements of these days, byte for byte."""
    from tandem.extract.openaq import extract_measurements, open_source, sensor_ids
    from tandem.steps import open_lake

    store = open_lake(settings())
    sensors = sensor_ids(store, run_days()[-1], settings().countries, settings().parameters)
    wanted = [date.fromisoformat(day) for day in days]
    with open_source(settings()) as source:
        manifests = extract_measurements(store, source, wanted, sensors, progress=progress_of_task())
    return {"files": sum(len(m.files) for m in manifests), "bytes": sum(m.bytes for m in manifests)}


@task_group
def extract_raw_data(days: Any) -> None:
    """The register first: it says which sensors there are to ask for."""
    register() >> measurements.expand(days=days)


@dag(
    dag_id="openaq_pipeline",
    schedule=CronPartitionTimetable("0 2 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    start_date=datetime(2025, 10, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(),
    deadline=run_deadline(SYSTEM),
    params=window_params(SYSTEM),
    tags=["openaq", "daily"],
    doc_md=__doc__,
)
def openaq_pipeline() -> None:
    days = plan_batches()
    refined = refine.partial(system=SYSTEM).expand(days=days)
    staging, intermediate, marts = (
        dbt_build.override(task_id=f"dbt_{layer}")(SYSTEM, layer) for layer in ("staging", "intermediate", "marts")
    )
    served, reported, notified, released = (
        serve(SYSTEM),
        write_report(SYSTEM),
        notify(SYSTEM),
        release_lake().as_teardown(),
    )

    extract_raw_data(days) >> refined >> catalog(SYSTEM) >> (checked := validate(SYSTEM))
    checked >> staging >> intermediate >> marts >> served >> reported >> notified >> released


openaq_pipeline()
