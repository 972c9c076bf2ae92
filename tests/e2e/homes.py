"""A TANDEM_HOME under test, driven as a user drives it: by commands, and looked at by queries."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tandem import warehouse
from tandem.journal import Event, Journal
from tandem.settings import PROJECT, settings
from tandem.standins.openaq.server import OpenAQStandin

PATIENCE = 300.0  # a limit, not a wait: a busy machine is slow
FIRST, LAST = "2025-11-01", "2025-11-05"  # what the undisturbed run takes
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """How a command ended, and all that it said."""

    code: int
    said: str


@dataclass(frozen=True)
class CalmRun:
    """The undisturbed run: how long it took, and what it said."""

    seconds: float
    said: str


class Home:
    """One home and the commands a user gives there."""

    patience = PATIENCE

    def __init__(self, path: Path, env: str = "dev", target: str = "duckdb") -> None:
        self.path = path
        self.state = path / f"{env}-{target}"
        self.switch = {"TANDEM_ENV": env, "TANDEM_TARGET": target}

    def environment(self, source: OpenAQStandin | None = None, **variables: str) -> dict[str, str]:
        named = {"TANDEM_HOME": str(self.path), **self.switch, **variables}
        if source:
            named |= {"OPENAQ_BASE_URL": source.base_url, "OPENAQ_API_KEY": source.api_key.get_secret_value()}
        return {**os.environ, **named}

    def start(
        self, *words: str, environment: Mapping[str, str] | None = None, limit: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["./entrypoint.sh", "tandem", *words],
            cwd=PROJECT,
            env=environment or self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=limit,
        )

    def tandem(
        self, *words: str, environment: Mapping[str, str] | None = None, limit: Callable[[], None] | None = None
    ) -> Answer:
        process = self.start(*words, environment=environment, limit=limit)
        said, _ = process.communicate(timeout=self.patience)
        return Answer(process.returncode, said)

    def run(self, first: str, last: str, source: OpenAQStandin | None = None, system: str = "openaq") -> str:
        """A run that must succeed; returns what it said."""
        answer = self.tandem(*window(first, last, system), environment=self.environment(source))
        assert answer.code == 0, answer.said
        return answer.said

    def query(self, sql: str) -> Rows:
        answer = self.tandem("query", sql, "--format", "json")
        assert answer.code == 0, answer.said
        rows: Rows = json.loads(answer.said)
        return rows

    def rows_per_day(self, mart: str = "fct_measurements") -> dict[str, int]:
        sql = f"select partition_date as day, count(*) as rows from openaq_marts.{mart} group by 1 order by 1"
        return {row["day"]: row["rows"] for row in self.query(sql)}

    def events(self) -> list[Event]:
        """What the newest run's journal holds so far."""
        newest = max((self.state / "runs").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns, default=None)
        return Journal(newest.parent, newest.stem).read() if newest else []

    def journals(self) -> set[str]:
        """Names of the journals of all runs so far."""
        return {path.name for path in (self.state / "runs").glob("*.jsonl")}

    def ended(self, task: str) -> list[Event]:
        return [event for event in self.events() if event.task == task and event.state in ("success", "failed")]

    def manifests(self, entity: str) -> dict[str, dict[str, Any]]:
        """The current processed manifests by day, read from the files."""
        files = (self.state / "lake" / "processed" / "openaq" / entity).rglob("_current.json")
        days = {"-".join(part.partition("=")[2] for part in file.parent.parts[-3:]): file for file in files}
        return {day: json.loads(file.read_text()) for day, file in sorted(days.items())}

    def files(self) -> dict[str, bytes]:
        """Every file below the home, by its relative path."""
        found = (path for path in self.path.rglob("*") if path.is_file())
        return {str(path.relative_to(self.path)): path.read_bytes() for path in found}


class RehearsalHome(Home):
    """A home of rehearsals on Athena, driven by commands."""

    patience = 600.0

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rehearsal", "athena")

    def rehearse(self, first: str, last: str, source: OpenAQStandin | None = None, system: str = "openaq") -> str:
        """A rehearsal that must succeed and end with equal marts; returns what it said."""
        words = ("rehearse", system, "--from", first, "--to", last)
        answer = self.tandem(*words, environment=self.environment(source))
        assert answer.code == 0, answer.said
        assert f"{system}: duckdb and athena are equal" in answer.said
        return answer.said


def made_once(name: str, factory: pytest.TempPathFactory, worker_id: str, run: Callable[[Home], str]) -> Home:
    """A home that a run left: made by the first worker that asks, awaited by the others."""
    home = Home(shared_folder(factory, worker_id) / name)
    record = home.path.with_suffix(".json")
    with home.path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            started = time.monotonic()
            said = run(home)
            record.write_text(json.dumps({"seconds": time.monotonic() - started, "said": said}))
    return home


def with_airflow_of(made: Home, path: Path) -> Home:
    """A home with nothing in it but Airflow's database, which takes seconds to make."""
    home = Home(path)
    (home.state / "airflow").mkdir(parents=True)
    shutil.copy(made.state / "airflow" / "airflow.db", home.state / "airflow")
    return home


def shared_folder(factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def window(first: str, last: str, system: str = "openaq") -> tuple[str, ...]:
    return "run", system, "--from", first, "--to", last


def settled_copy(home: Home, path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy whose warehouse names the copy's own files, with the tests' process switched to it."""
    shutil.copytree(home.path, path, ignore=shutil.ignore_patterns("airflow.cfg", "logs"))
    monkeypatch.setenv("TANDEM_HOME", str(path))
    settings.cache_clear()
    warehouse.catalog(settings(), "openaq")
    warehouse.serve(settings(), "openaq")
    return Home(path)


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str], patience: float = PATIENCE) -> None:
    """Return when the condition holds; fail when the process ends or patience is over before that."""
    deadline = time.monotonic() + patience
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()
