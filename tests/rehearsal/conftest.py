"""One home whose local cloud is kept for all tests of a rehearsal as a whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "e2e"), str(Path(__file__).parents[2] / "scripts")]

from homes import RehearsalHome  # noqa: E402


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
