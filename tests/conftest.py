"""What every test starts from: no setting of the caller, no `.env`, an Airflow home of its own, local sockets only."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from slack_recorder import SlackRecorder

    from tandem.standins.openaq.server import OpenAQStandin

OURS = (
    "TANDEM_",
    "OPENAQ_",
    "POSTGRES_",
    "PG",
    "STRIPE_",
    "MARKETING_",
    "SLACK_",
    "AIRFLOW",
    "DBT_",
    "AWS_",
    "ATHENA_",
)
# Where the local Trino was brought to, by whoever runs the tests.
KEPT = {"TANDEM_CACHE", "TANDEM_MAVEN_REPOSITORY"}
PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}


def _strip_environment() -> None:
    for name in list(os.environ):
        if (name.startswith(OURS) and name not in KEPT) or name.upper() in PROXIES:
            del os.environ[name]


def _isolate() -> None:
    home = tempfile.mkdtemp(prefix="tandem-tests-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {
        "TANDEM_ENV_FILE": os.devnull,
        "TANDEM_HOME": f"{home}/home",
        "AIRFLOW_HOME": f"{home}/airflow",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DO_NOT_TRACK": "1",
    }


# At import, not in a fixture: settings and Airflow read the environment when a test module imports them.
_strip_environment()
_isolate()


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Settings are read once per process; a test that changes the environment must not be remembered by the next."""
    from tandem.settings import settings

    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def tandem_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty TANDEM_HOME for one test."""
    home = tmp_path / "home"
    monkeypatch.setenv("TANDEM_HOME", str(home))
    return home


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., OpenAQStandin]]:
    """Starts a stand-in whose data differ from the sample by the given overlay."""
    from tandem.standins.openaq.server import OpenAQStandin

    with ExitStack() as stack:

        def start(**overlay: list[dict[str, Any]]) -> OpenAQStandin:
            file = tmp_path / "overlay.json"
            file.write_text(json.dumps(overlay))
            return stack.enter_context(OpenAQStandin(overlay=file))

        yield start


@pytest.fixture
def slack() -> Iterator[SlackRecorder]:
    """A server on this machine that records what is sent to Slack."""
    from slack_recorder import SlackRecorder

    with SlackRecorder() as recorder:
        yield recorder
