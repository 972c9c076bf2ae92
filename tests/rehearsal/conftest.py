"""One home whose local cloud is kept for all tests of a rehearsal as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "e2e"), str(Path(__file__).parents[2] / "scripts")]

from homes import RehearsalHome  # noqa: E402

from tandem.standins.openaq_server import OpenAQStandin  # noqa: E402

Serve = Callable[..., OpenAQStandin]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RehearsalHome]:
    """A home whose cloud stays up for the session, with nothing in it."""
    home = RehearsalHome(tmp_path_factory.mktemp("rehearsal"))
    up = home.tandem("standins", "up")
    try:
        assert up.code == 0, up.said
        yield home
    finally:
        home.tandem("standins", "down")


@pytest.fixture(scope="session")
def rehearsed(kept: RehearsalHome) -> RehearsalHome:
    """That home after a rehearsal of three days."""
    kept.rehearse("2025-11-01", "2025-11-03")
    return kept


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serve]:
    """Starts a stand-in whose data differ from the sample by the given overlay."""
    import json

    with ExitStack() as stack:

        def start(**overlay: list[dict[str, Any]]) -> OpenAQStandin:
            file = tmp_path / "overlay.json"
            file.write_text(json.dumps(overlay))
            return stack.enter_context(OpenAQStandin(overlay=file))

        yield start
