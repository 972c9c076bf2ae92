"""One at a time: the lock that everything which opens the build file goes through.

A lock by the operating system (POSIX record lock) vanishes with its process, however that dies, and is not inherited
by a fork. It excludes other processes; an ordinary lock beside it excludes other threads of this one.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tandem.errors import WarehouseError

POLL_SECONDS = 0.05
log = logging.getLogger(__name__)


@dataclass
class _Door:
    lock: threading.RLock = field(default_factory=threading.RLock)
    depth: int = 0
    holder: str = ""


_doors: dict[tuple[int, Path], _Door] = {}


class Gate:
    """Mutual exclusion by a lock file; the thread that holds it may enter again."""

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self.path = path.absolute()
        self.wait_seconds = wait_seconds

    @contextmanager
    def held(self, description: str) -> Iterator[None]:
        """Hold the gate for the block; raises WarehouseError naming the holder when it stays shut for too long."""
        deadline = time.monotonic() + self.wait_seconds
        # The process id is part of the key: a fork must not inherit a lock that a thread held at that moment.
        door = _doors.setdefault((os.getpid(), self.path), _Door())
        if not door.lock.acquire(timeout=self.wait_seconds):
            raise self._shut(door.holder)
        try:
            if door.depth:
                with _entered(door):
                    yield
                return
            with self._file(description, deadline), _entered(door, description):
                yield
        finally:
            door.lock.release()

    @contextmanager
    def _file(self, description: str, deadline: float) -> Iterator[None]:
        handle = self._open()
        try:
            self._wait(handle, deadline)
            _write(handle, description)
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise WarehouseError(
                f"Cannot write {self.path}: {error.strerror}. Nothing was changed; "
                "free space or allow writing there, or set TANDEM_HOME to another folder."
            ) from error

    def _wait(self, handle: int, deadline: float) -> None:
        told = False
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise self._shut(_read(handle))
            if not told:
                log.info("Waiting for the warehouse: %s", _read(handle))
                told = True
            time.sleep(POLL_SECONDS)

    def _shut(self, holder: str) -> WarehouseError:
        return WarehouseError(
            f"The warehouse is in use: {holder}. Waited {self.wait_seconds:.0f} s for {self.path}; "
            "run again when that has ended."
        )


@contextmanager
def _entered(door: _Door, holder: str | None = None) -> Iterator[None]:
    door.depth += 1
    door.holder = holder or door.holder
    try:
        yield
    finally:
        door.depth -= 1


def _try_lock(handle: int) -> bool:
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _write(handle: int, description: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"description": description, "pid": os.getpid(), "since": since}).encode(), 0)


def _read(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        return f"{holder['description']} (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process that has not said who it is"
