"""The real Airflow, with scheduler, triggerer and all, on a home of its own: its alerts, and a source that fails."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_recorder import Received, SlackRecorder

from tandem import airflow_local
from tandem.journal import Event, Journal
from tandem.settings import PROJECT, Settings
from tandem.standins import sources_of

PATIENCE = 120.0
SMALL, SHOP = "alerting", "ecommerce_master_dag"
SECRETS = {
    "OPENAQ_API_KEY": "s3cret-of-openaq",
    "STRIPE_API_KEY": "rk_s3cret-that-the-stand-in-does-not-take",
    "ADDRESS_PASSWORD": "s3cret-of-an-address",
}
# One Airflow for all of them, also where several processes share the tests.
pytestmark = pytest.mark.xdist_group("headless_airflow")


@dataclass(frozen=True)
class Headless:
    """A running Airflow, its home, and what it sent to Slack."""

    home: Path
    port: int
    recorder: SlackRecorder
    servers: list[subprocess.Popen[bytes]]

    @property
    def state(self) -> Path:
        return self.home / "dev-duckdb"

    def asked(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """Rows of Airflow's own database."""
        with sqlite3.connect(f"file:{self.state / 'airflow' / 'airflow.db'}?mode=ro", uri=True) as connection:
            return connection.execute(sql, values).fetchall()

    def wait_for(self, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert all(server.poll() is None for server in self.servers), "a server has ended"
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.1)
        return found

    def unpause(self, dag: str) -> None:
        """What the switch on Airflow's page does."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False) as client:
            token = client.get("/auth/token").raise_for_status().json()["access_token"]
            header = {"Authorization": f"Bearer {token}"}
            client.patch(f"/api/v2/dags/{dag}", json={"is_paused": False}, headers=header).raise_for_status()

    def run(self, dag: str) -> tuple[str, str]:
        """Id and state of a DAG's only run, once it has ended."""
        sql = "select run_id, state from dag_run where dag_id = ? and state in ('success', 'failed')"
        ((run_id, state),) = self.wait_for(lambda: self.asked(sql, dag))
        return str(run_id), str(state)

    def events(self, dag: str) -> list[Event]:
        """The journal of that run."""
        return Journal(self.state / "runs", f"{dag}-{self.run(dag)[0]}").read()

    def alerts(self, dag: str, status: str) -> list[Received]:
        """What was sent about a DAG with this status, oldest first."""
        sent = self.recorder.received
        return [message for message in sent if (message.fields["DAG"], message.fields["Status"]) == (dag, status)]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headless]:
    """Airflow with the real DAGs, paused, and with a small one that starts by itself."""
    home, port = tmp_path_factory.mktemp("headless"), _free_port()
    state = home / "dev-duckdb"
    for name in ("airflow", "logs", "runs"):
        (state / name).mkdir(parents=True)
    with SlackRecorder() as recorder, sources_of("ecommerce", Settings(tandem_home=home)):
        environment = _environment(home, recorder)
        with airflow_local.servers(state / "airflow", state / "logs", port, environment) as servers:
            yield Headless(home, port, recorder, servers)


def _environment(home: Path, recorder: SlackRecorder) -> dict[str, str]:
    chosen = {
        "TANDEM_HOME": str(home),
        "TANDEM_RETRY_DELAY_SECONDS": "2",
        "TANDEM_DEADLINE_RUN_SECONDS": "1",
        "TANDEM_DEADLINE_EXTRACT_SECONDS": "1",
        "SLACK_WEBHOOK_URL": recorder.webhook,
        "RECORDER": recorder.url,
        **SECRETS,
    }
    said = subprocess.run(
        ["./entrypoint.sh", "env", "-0"], cwd=PROJECT, env={**os.environ, **chosen}, capture_output=True, check=True
    )
    exported = dict(line.split("=", 1) for line in said.stdout.decode().split("\0") if line)
    folders = {"pipelines": PROJECT / "orchestration" / "dags", "small": Path(__file__).parent / "dags"}
    return exported | {
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([_bundle(*item) for item in folders.items()]),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    }


def _bundle(name: str, folder: Path) -> dict[str, Any]:
    kind = "airflow.dag_processing.bundles.local.LocalDagBundle"
    return {"name": name, "classpath": kind, "kwargs": {"path": str(folder)}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_real_dags_import(airflow: Headless) -> None:
    wanted = {SHOP, "openaq_pipeline"}
    airflow.wait_for(lambda: wanted <= {dag for (dag,) in airflow.asked("select dag_id from serialized_dag")})
    assert airflow.asked("select filename, stacktrace from import_error") == []


def test_each_failed_attempt_is_told_of_once_and_before_the_next(airflow: Headless) -> None:
    starts = [event.at for event in airflow.events(SMALL) if (event.task, event.state) == ("fails", "running")]
    first, last = airflow.alerts(SMALL, "FAILURE")
    assert [first.fields["Attempt"], last.fields["Attempt"]] == [
        "1 of 2, will be tried again",
        "2 of 2, will not be tried again",
    ]
    assert {first.attachment["color"], last.attachment["color"]} == {"#ff0000"}
    assert first.fields["Task"] == "fails"
    assert "ConnectionError: no answer from postgresql://********@db/shop" in first.text
    assert starts[0] < first.at < starts[1] < last.at


def test_a_missed_deadline_and_a_limit_alert_once_and_stop_nothing(airflow: Headless) -> None:
    assert airflow.run(SMALL)[1] == "success"
    sent = airflow.alerts(SMALL, "MISSED DEADLINE")
    late = {message.fields["Limit"]: message for message in sent}
    assert len(late) == len(sent) == 2
    whole, limit = late["1 s for the whole run"], late["1 s for an extraction task"]
    assert whole.fields["Days"]
    assert (limit.fields["Task"], limit.fields["Running"]) == ("is_late", "is_late")
    ended = next(event.at for event in airflow.events(SMALL) if (event.task, event.state) == ("is_late", "success"))
    assert max(whole.at, limit.at) < ended


def test_success_is_told_of_with_a_link_to_the_log(airflow: Headless) -> None:
    assert airflow.run(SMALL)[1] == "success"
    (told,) = airflow.alerts(SMALL, "SUCCESS")
    assert (told.fields["Task"], told.attachment["color"]) == ("notify", "#36a64f")
    assert f"http://127.0.0.1:{airflow.port}/dags/{SMALL}/runs/" in told.text


def test_one_failed_extraction_lets_its_siblings_finish_and_dbt_not_start(airflow: Headless) -> None:
    airflow.run(SMALL)
    airflow.unpause(SHOP)
    assert airflow.run(SHOP)[1] == "failed"
    ended = defaultdict(set)
    for task, state in airflow.asked("select task_id, state from task_instance where dag_id = ?", SHOP):
        ended[state].add(task)
    assert ended["failed"] == {"extract_stripe_charges"}
    assert ended["success"] == {
        "extract_postgres_orders", "extract_postgres_customers", "extract_postgres_products",
        "extract_postgres_order_items", "load_csv_marketing", "release_lake",
    }  # fmt: skip
    assert "dbt_run_staging" in ended["upstream_failed"]
    (told,) = airflow.alerts(SHOP, "FAILURE")
    assert (told.fields["Task"], told.fields["Attempt"]) == (
        "extract_stripe_charges",
        "1 of 3, will not be tried again",
    )
    assert "SourceRefused" in told.text
    ((day,),) = airflow.asked("select partition_key from dag_run where dag_id = ?", SHOP)
    assert told.fields["Days"] == day


def test_no_file_of_the_home_and_no_message_has_a_secret(airflow: Headless) -> None:
    airflow.run(SMALL)
    files = {str(path): path.read_bytes() for path in airflow.home.rglob("*") if path.is_file()}
    assert any(name.endswith(".log") and b"no answer from" in data for name, data in files.items())
    for secret in (*SECRETS.values(), airflow.recorder.webhook):
        assert [name for name, data in files.items() if secret.encode() in data] == []
        assert [message for message in airflow.recorder.received if secret in message.text] == []
