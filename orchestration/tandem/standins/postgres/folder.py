"""The temporary folder of a cluster: made, held while it is in use, and swept when a kill left it behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "tandem-postgres-"
LOCK = "held"


def make() -> Path:
    """A new private folder; those that nobody holds any more are removed on the way."""
    sweep(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=PREFIX))


def hold(folder: Path) -> int:
    """Keep a folder from being swept for as long as the descriptor is open, or this process lives."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def sweep(parent: Path) -> None:
    """Remove the folders that nobody holds."""
    for folder in parent.glob(f"{PREFIX}*"):
        # Another user's is not ours to remove, and one without a lock is just being made.
        with contextlib.suppress(OSError):
            _remove_unless_held(folder)


def _remove_unless_held(folder: Path) -> None:
    descriptor = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
