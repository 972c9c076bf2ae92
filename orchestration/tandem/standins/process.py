"""The processes of stand-ins: how each is started, recognised and ended, and that it ends with its owner.

A stand-in is a module that reads its orders, one line of JSON, from standard input and answers one line of JSON with
the port it listens on. So what is secret in the orders is in no argument list and no environment. With an owner, its
standard input stays open for as long as the owner lives: the kernel closes it however the owner dies.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx
import psutil

from tandem.errors import SourceUnavailable

LIBRARY = Path(__file__).resolve().parents[2]
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Kind(ABC):
    """A sort of stand-in: the module that serves it, and how its answer is recognised."""

    name: str
    module: str
    start_seconds: float = field(default=20.0, kw_only=True)

    @abstractmethod
    def base_url(self, said: Mapping[str, Any]) -> str:
        """Where one listens that said this when it was ready."""

    @abstractmethod
    def answers(self, base_url: str, timeout: float) -> bool:
        """Whether one of this kind answers there."""


@dataclass(frozen=True)
class HttpKind(Kind):
    """A stand-in that speaks HTTP: the path that is asked, and the key of the JSON object that answers."""

    ping: str
    mark: str

    def base_url(self, said: Mapping[str, Any]) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{said['port']}"

    def answers(self, base_url: str, timeout: float) -> bool:
        """Whether one of this kind answers there."""
        try:
            with httpx.Client(trust_env=False, timeout=timeout) as client:
                return self.mark in client.get(f"{base_url}{self.ping}").json()
        except (httpx.HTTPError, ValueError, TypeError):
            return False


@dataclass(frozen=True)
class Started:
    """A process that answers: its address, and all that it said when it was ready."""

    process: subprocess.Popen[bytes]
    base_url: str
    said: dict[str, Any]


class Standin:
    """A stand-in for the length of a `with` block, or until this process dies, however it dies."""

    def __init__(self, kind: Kind, orders: Mapping[str, Any]) -> None:
        self._kind, self._orders = kind, orders
        self._started: Started | None = None

    @property
    def running(self) -> Started:
        """What was started; raises SourceUnavailable outside the block."""
        if self._started is None:
            raise SourceUnavailable(f"The {self._kind.name} stand-in is not running.")
        return self._started

    @property
    def base_url(self) -> str:
        """Where it listens; empty before it was started."""
        return self._started.base_url if self._started else ""

    @property
    def pid(self) -> int:
        """Process id of the server; raises SourceUnavailable when it is not running."""
        return self.running.process.pid

    def start(self) -> None:
        """Start the process; raises SourceUnavailable when it does not answer."""
        self._started = start(self._kind, self._orders, owner=os.getpid())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        started, self._started = self._started, None
        if started is not None:
            stop(started.process)


def start(kind: Kind, orders: Mapping[str, Any], owner: int | None) -> Started:
    """Start the process and wait until it answers; one without an owner stays until it is stopped.

    Raises SourceUnavailable with the last line of its complaints.
    """
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", kind.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # an interrupt on the keyboard is the owner's to handle
        )
        try:
            line = json.dumps({**orders, "owner": owner}).encode() + b"\n"
            return _await_answer(kind, process, line, keep_open=owner is not None)
        except BaseException as error:
            stop(process)
            if isinstance(error, OSError | ValueError):
                raise _not_started(kind, complaints) from error
            raise


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that `start` started, and reap it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        end(psutil.Process(process.pid))
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()


def end(process: psutil.Process) -> None:
    """Ask a process to end, and make it end when it does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _await_answer(kind: Kind, process: subprocess.Popen[bytes], orders: bytes, *, keep_open: bool) -> Started:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(orders)
    process.stdin.flush()
    if not keep_open:
        process.stdin.close()
    ready, _, _ = select.select([process.stdout], [], [], kind.start_seconds)
    said = json.loads(process.stdout.readline() if ready else b"")
    process.stdout.close()
    base_url = kind.base_url(said)
    if not kind.answers(base_url, timeout=kind.start_seconds):
        raise TimeoutError(base_url)
    return Started(process, base_url, said)


def _not_started(kind: Kind, complaints: IO[bytes]) -> SourceUnavailable:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    why = lines[-1] if lines else f"no answer within {kind.start_seconds:g} s"
    return SourceUnavailable(f"The {kind.name} stand-in did not start: {why}.")
