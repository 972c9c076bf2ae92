"""Airflow on this machine: its database, and its servers on 127.0.0.1 for `make airflow`."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

WAREHOUSE_POOL = "tandem_warehouse"
STOP_SECONDS = 20.0
AIRFLOW = (sys.executable, "-m", "airflow")
# Each would serve its task logs on all interfaces; the page reads them from the folder that they share.
SERVERS = (
    ("scheduler", "--skip-serve-logs"),
    ("triggerer", "--skip-serve-logs"),
    ("dag-processor",),
    ("api-server",),
)


def migrate_database(home: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Make Airflow's database once, beside its final place, so that a killed set-up leaves nothing half-made."""
    database = home / "airflow.db"
    if database.exists():
        return
    draft = home / "airflow.db.new"
    draft.unlink(missing_ok=True)
    _airflow("db", "migrate", environment={**environment, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{draft}"})
    draft.rename(database)


def fail_abandoned_runs() -> None:
    """Mark runs whose process was killed as failed, so that no scheduler waits for them.

    Call it only while holding the lake's lease: then no `dag.test()` on this database can be alive.
    """
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy import update

    abandoned = (DagRun.triggered_by == DagRunTriggeredByType.TEST, DagRun.state == DagRunState.RUNNING)
    with create_session() as session:
        session.execute(update(DagRun).where(*abandoned).values(state=DagRunState.FAILED))


def serve(home: Path, logs: Path, port: int, *, unpause: bool) -> int:
    """Run scheduler, DAG processor, triggerer and the page until interrupted or until one of them ends.

    Returns 0 after an interrupt, 1 when a server ended by itself. No password is asked: everything listens on
    127.0.0.1 only, and this is for development.
    """
    environment = {**os.environ, "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(not unpause)}
    with servers(home, logs, port, environment) as running:
        return _wait(running)


@contextmanager
def servers(
    home: Path, logs: Path, port: int, environment: Mapping[str, str]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Airflow's servers on 127.0.0.1 for the block; after it all of them are ended, with all that they started."""
    own = {
        # On a busy laptop the API server takes longer than the 5 s that Airflow's tasks wait for it.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        **environment,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    }
    migrate_database(home, own)
    _airflow("pools", "set", WAREHOUSE_POOL, "1", "One writer to the warehouse at a time", environment=own)
    started: list[subprocess.Popen[bytes]] = []
    try:
        started += (_start(words, logs, own) for words in SERVERS)
        yield started
    finally:
        _end(started)


def _start(words: tuple[str, ...], logs: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (logs / f"airflow-{words[0]}.log").open("ab") as log:
        return subprocess.Popen([*AIRFLOW, *words], env=environment, stdout=log, stderr=log, start_new_session=True)


def _wait(servers: list[subprocess.Popen[bytes]]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    return 1


def _end(servers: list[subprocess.Popen[bytes]]) -> None:
    """End the servers and all that they started; a scheduler stopped in a hurry leaves workers behind."""
    sessions = {server.pid for server in servers}
    left = [process for process in psutil.process_iter() if _session(process.pid) in sessions]
    for process in left:
        process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=STOP_SECONDS)
    for process in stubborn:
        process.kill()


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _airflow(*arguments: str, environment: Mapping[str, str]) -> None:
    subprocess.run([*AIRFLOW, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
