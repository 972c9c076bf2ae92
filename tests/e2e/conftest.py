"""One undisturbed run, made once for all workers; every test works on a copy of its home, or on an empty one."""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "scripts")]

from homes import FIRST, LAST, CalmRun, Home, settled_copy  # noqa: E402


@pytest.fixture(scope="session")
def calm_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> CalmRun:
    """A run of FIRST to LAST, begun with nothing: made by the first worker that asks, awaited by the others."""
    folder = shared_folder(tmp_path_factory, worker_id)
    record = folder / "calm.json"
    with (folder / "calm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            started = time.monotonic()
            said = Home(folder / "calm").run(FIRST, LAST)
            record.write_text(json.dumps({"seconds": time.monotonic() - started, "said": said}))
    return CalmRun(**json.loads(record.read_text()))


@pytest.fixture(scope="session")
def calm_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str, calm_run: CalmRun) -> Home:
    """The home as that run left it. Do not change it."""
    return Home(shared_folder(tmp_path_factory, worker_id) / "calm")


def shared_folder(factory: pytest.TempPathFactory, worker_id: str) -> Path:
    base = factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture
def home(calm_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of one's own, as the undisturbed run left it."""
    return settled_copy(calm_home, tmp_path / "home", monkeypatch)


@pytest.fixture
def empty_home(calm_home: Home, tmp_path: Path) -> Home:
    """A home with nothing in it but Airflow's database, which takes seconds to make."""
    home = Home(tmp_path / "empty")
    (home.state / "airflow").mkdir(parents=True)
    shutil.copy(calm_home.state / "airflow" / "airflow.db", home.state / "airflow")
    return home
