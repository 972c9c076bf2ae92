"""Tasks from the warehouse's sources to served marts; a retry of dbt does only what the attempt before left undone."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from tandem.airflow_local import WAREHOUSE_POOL
from tandem.alerts.limits import DBT_LAYERS, TESTS
from tandem.dags.partitions import run_days
from tandem.dags.recording import facts_of_previous_attempt, recorded, recorded_within
from tandem.settings import settings


@task(pool=WAREHOUSE_POOL)
@recorded_within(DBT_LAYERS)
def dbt_build(system: str, layer: str) -> dict[str, Any]:
    """Build and test one layer for the days owed; nothing owed, no dbt."""
    from tandem import warehouse

    before = facts_of_previous_attempt()
    return warehouse.build_layer(settings(), system, layer, run_days()[-1], before=before)


@task(pool=WAREHOUSE_POOL)
@recorded_within(DBT_LAYERS)
def dbt_run(system: str, layer: str) -> dict[str, Any]:
    """Build one layer for the days owed, with the seeds it needs, and leave the tests for later."""
    from tandem import warehouse

    before = facts_of_previous_attempt()
    return warehouse.build_layer(settings(), system, layer, run_days()[-1], tests=False, before=before)


@task(pool=WAREHOUSE_POOL)
@recorded_within(TESTS)
def dbt_test(system: str) -> dict[str, Any]:
    """Test all layers of a system, for the days owed."""
    from tandem import warehouse

    return warehouse.run_tests(settings(), system, run_days()[-1], facts_of_previous_attempt())


@task(pool=WAREHOUSE_POOL)
@recorded
def serve(system: str) -> dict[str, Any]:
    """Hold the marts' counts against the manifests, write the ledger, and show readers the new state."""
    from tandem import warehouse

    return warehouse.serve(settings(), system)
