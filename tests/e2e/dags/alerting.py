"""A small DAG with the callbacks, limits and deadline of the real ones; it starts once, by itself."""

from __future__ import annotations

import os
import time
import urllib.request
from datetime import UTC, datetime

from airflow.sdk import dag, task

from tandem.alerts.limits import EXTRACTION
from tandem.dags.alerts import run_deadline
from tandem.dags.closing import notify, release_lake
from tandem.dags.defaults import default_args
from tandem.dags.partitions import window_params
from tandem.dags.recording import recorded, recorded_within
from tandem.settings import settings

SYSTEM = "ecommerce"
PATIENCE = 120.0


@task(retries=1)
@recorded
def fails() -> None:
    """Fail with everything in the message that must not be shown."""
    key, webhook = settings().openaq_api_key.get_secret_value(), settings().slack_webhook_url.get_secret_value()
    address = f"postgresql://shop:{os.environ['ADDRESS_PASSWORD']}@db/shop"
    raise ConnectionError(f"no answer from {address} with key {key!r} at {webhook}")


@task(trigger_rule="all_done")
@recorded_within(EXTRACTION)
def is_late() -> None:
    """Work on until both alerts about it have arrived, and then succeed."""
    deadline = time.monotonic() + PATIENCE
    while not all(words in arrived() for words in ("for the whole run", "for an extraction task")):
        assert time.monotonic() < deadline, "no alert came"
        time.sleep(0.1)


def arrived() -> str:
    with urllib.request.urlopen(os.environ["RECORDER"], timeout=5) as answer:
        return str(answer.read().decode())


@dag(
    dag_id="alerting",
    schedule="@once",
    start_date=datetime(2025, 11, 3, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    default_args=default_args(backoff=False),
    deadline=run_deadline(SYSTEM),
    params=window_params(SYSTEM),
)
def alerting() -> None:
    fails() >> is_late() >> notify(SYSTEM) >> release_lake().as_teardown()


alerting()
