"""The shop: its PostgreSQL, its payments at Stripe and the files of its marketing, to revenue and customers.

What arrives: what changed in four tables, charges and refunds, and the files of the run's day.
What leaves: the `ecommerce_marts` schema of the warehouse, and a report page.

Six extractions run side by side, each with everything of its source: fetch, refine, publish, validate. When one fails
the others finish, and dbt does not start. A scheduled run takes the day before; a run may be given other days
(parameters `from` and `to`, inclusive). Run it again for any day: what was captured stays, everything after raw is
replaced. It does not guard against a version of a row that was overwritten between two captures.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import CronPartitionTimetable, chain, dag

from tandem.dags.alerts import run_deadline
from tandem.dags.build import dbt_run, dbt_test, serve
from tandem.dags.closing import notify, release_lake, write_report
from tandem.dags.defaults import default_args, retries_of_tests
from tandem.dags.ingest import ingest
from tandem.dags.partitions import window_params

SYSTEM = "ecommerce"
EXTRACTIONS = {
    "extract_postgres_orders": ["orders"],
    "extract_postgres_customers": ["customers"],
    "extract_postgres_products": ["products"],
    "extract_postgres_order_items": ["order_items"],
    "extract_stripe_charges": ["charges", "refunds"],
    "load_csv_marketing": ["marketing_spend", "campaign_performance"],
}
LAYERS = ("staging", "intermediate", "marts")


@dag(
    dag_id="ecommerce_master_dag",
    schedule=CronPartitionTimetable("0 6 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    start_date=datetime(2025, 10, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=default_args(backoff=False, timeout=timedelta(minutes=30)),
    deadline=run_deadline(SYSTEM),
    params=window_params(SYSTEM),
    tags=["ecommerce", "production", "daily"],
    doc_md=__doc__,
)
def ecommerce_master_dag() -> None:
    chain(
        [ingest.override(task_id=name)(SYSTEM, entities) for name, entities in EXTRACTIONS.items()],
        EmptyOperator(task_id="all_extractions_complete"),
        *[dbt_run.override(task_id=f"dbt_run_{layer}")(SYSTEM, layer) for layer in LAYERS],
        dbt_test.override(task_id="dbt_test_all", **retries_of_tests())(SYSTEM),
        serve(SYSTEM),
        write_report(SYSTEM),
        notify.override(task_id="notify_success")(SYSTEM),
        release_lake().as_teardown(),
    )


ecommerce_master_dag()
