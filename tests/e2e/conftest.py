"""One undisturbed run, made once for all workers; every test works on a copy of its home, or on an empty one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "scripts")]

from homes import (  # noqa: E402
    FIRST,
    LAST,
    CalmRun,
    Home,
    made_once,
    settled_copy,
    shared_folder,
    with_airflow_of,
)


@pytest.fixture(scope="session")
def calm_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> CalmRun:
    """A run of FIRST to LAST, begun with nothing."""
    home = made_once("calm", tmp_path_factory, worker_id, lambda home: home.run(FIRST, LAST))
    return CalmRun(**json.loads(home.path.with_suffix(".json").read_text()))


@pytest.fixture(scope="session")
def calm_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str, calm_run: CalmRun) -> Home:
    """The home as that run left it. Do not change it."""
    return Home(shared_folder(tmp_path_factory, worker_id) / "calm")


@pytest.fixture
def home(calm_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of one's own, as the undisturbed run left it."""
    return settled_copy(calm_home, tmp_path / "home", monkeypatch)


@pytest.fixture
def empty_home(calm_home: Home, tmp_path: Path) -> Home:
    """A home with nothing in it but Airflow's database."""
    return with_airflow_of(calm_home, tmp_path / "empty")
