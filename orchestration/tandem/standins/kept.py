"""Stand-ins that outlive the command that started them: `up`, `status`, `down`.

Each is noted in a private file in the state folder and verified by process id and start time, so that a number used
again is never taken for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tandem.standins.process import Kind, end, start


@dataclass(frozen=True)
class Running:
    """A detached stand-in; `facts` are its orders and its answer, which may hold a key."""

    name: str
    pid: int
    started: float
    base_url: str
    facts: dict[str, Any] = field(default_factory=dict, repr=False)


def up(state: Path, kind: Kind, orders: Mapping[str, Any]) -> Running:
    """Start the detached stand-in of this kind for a state folder, or return the one that runs.

    Raises SourceUnavailable when it does not answer in time.
    """
    with _locked(state, kind):
        if running := status(state, kind):
            return running
        started = start(kind, orders, owner=None)
        pid = started.process.pid
        facts = {**orders, **started.said}
        running = Running(kind.name, pid, psutil.Process(pid).create_time(), started.base_url, facts)
        _remember(state, running)
        return running


def status(state: Path, kind: Kind) -> Running | None:
    """The detached stand-in of this kind, if it runs and answers."""
    known = _known(state, kind)
    return known if known and _process_of(known) and kind.answers(known.base_url, timeout=2.0) else None


def down(state: Path, kind: Kind) -> bool:
    """Stop the detached stand-in of this kind; says whether one ran."""
    with _locked(state, kind):
        known = _known(state, kind)
        process = known and _process_of(known)
        if process:
            end(process)
        _file(state, kind.name).unlink(missing_ok=True)
        return process is not None


def _file(state: Path, name: str) -> Path:
    return state / "standins" / f"{name}.json"


@contextlib.contextmanager
def _locked(state: Path, kind: Kind) -> Iterator[None]:
    file = _file(state, kind.name).with_suffix(".lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remember(state: Path, running: Running) -> None:
    draft = _file(state, running.name).with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(running), file)
    draft.replace(_file(state, running.name))


def _known(state: Path, kind: Kind) -> Running | None:
    try:
        return Running(**json.loads(_file(state, kind.name).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _process_of(known: Running) -> psutil.Process | None:
    """The process, unless it is gone or its number belongs to another one by now."""
    try:
        process = psutil.Process(known.pid)
        same = abs(process.create_time() - known.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None
