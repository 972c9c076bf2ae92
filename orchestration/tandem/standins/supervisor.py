"""Starts stand-ins and makes sure that they end: with a `with` block, with their owner, or by `down`.

    with OpenAQStandin() as source:
        OpenAQ(source.base_url, source.api_key)

`up`, `status` and `down` keep one that outlives its caller; its address and key are in a private file
in the state folder, verified by process id and start time, so that a number used again is never taken for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx
import psutil
from pydantic import SecretStr

from tandem.errors import SourceUnavailable
from tandem.standins.faults import Fault, RateLimit

LIBRARY = Path(__file__).resolve().parents[2]
SAMPLE_DATA = LIBRARY.parent / "sample_data" / "openaq"
START_SECONDS = 20.0
STOP_SECONDS = 3.0


@dataclass(frozen=True)
class Orders:
    """What a stand-in is told when it starts."""

    data: Path = SAMPLE_DATA
    overlay: Path | None = None
    faults: tuple[Fault, ...] = ()
    rate_limit: RateLimit = field(default_factory=RateLimit)
    port: int = 0
    api_key: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)

    def line(self, owner: int | None) -> bytes:
        """The one line of JSON that the process reads; without an owner it stays until it is stopped."""
        limit = {"limit": self.rate_limit.limit, "period_seconds": self.rate_limit.period_seconds}
        told = {
            "data": str(self.data.resolve()),
            "overlay": self.overlay and str(self.overlay.resolve()),
            "faults": [asdict(fault) for fault in self.faults],
            "rate_limit": limit,
            "port": self.port,
            "owner": owner,
            "api_key": self.api_key,
        }
        return json.dumps(told).encode() + b"\n"


class OpenAQStandin:
    """The OpenAQ stand-in for the length of a `with` block, or until this process dies, however it dies."""

    def __init__(
        self,
        data: Path = SAMPLE_DATA,
        *,
        overlay: Path | None = None,
        faults: Sequence[Fault] = (),
        rate_limit: RateLimit | None = None,
        port: int = 0,
    ) -> None:
        """`overlay` is a JSON file (see `openaq_data`); `port` 0 takes a free one."""
        self._orders = Orders(data, overlay, tuple(faults), rate_limit or RateLimit(), port)
        self._process: subprocess.Popen[bytes] | None = None
        self.base_url = ""

    @property
    def api_key(self) -> SecretStr:
        """The key that this start accepts."""
        return SecretStr(self._orders.api_key)

    @property
    def pid(self) -> int:
        """Process id of the server; raises SourceUnavailable when it is not running."""
        if self._process is None:
            raise SourceUnavailable("The OpenAQ stand-in is not running.")
        return self._process.pid

    def __enter__(self) -> OpenAQStandin:
        self._process, self.base_url = _start(self._orders, owner=os.getpid())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        process, self._process = self._process, None
        if process is not None:
            _stop(process)


@dataclass(frozen=True)
class Running:
    """A detached stand-in."""

    name: str
    pid: int
    started: float
    base_url: str
    api_key: SecretStr


def up(state: Path, *, overlay: Path | None = None, port: int = 0) -> Running:
    """Start the detached OpenAQ stand-in of this state folder, or return the one that runs.

    Raises SourceUnavailable when it does not answer in time.
    """
    with _locked(state):
        if running := status(state):
            return running
        orders = Orders(overlay=overlay, port=port)
        process, base_url = _start(orders, owner=None)
        started = psutil.Process(process.pid).create_time()
        running = Running("openaq", process.pid, started, base_url, SecretStr(orders.api_key))
        _remember(state, running)
        return running


def status(state: Path) -> Running | None:
    """The detached OpenAQ stand-in of this state folder, if it runs and answers."""
    known = _known(state)
    return known if known and _process_of(known) and _answers(known.base_url, timeout=2.0) else None


def down(state: Path) -> bool:
    """Stop the detached OpenAQ stand-in of this state folder; says whether one ran."""
    with _locked(state):
        known = _known(state)
        process = known and _process_of(known)
        if process:
            _end(process)
        _file(state).unlink(missing_ok=True)
        return process is not None


def _start(orders: Orders, owner: int | None) -> tuple[subprocess.Popen[bytes], str]:
    """Start the process and wait until it answers; one without an owner gets its input closed."""
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tandem.standins.serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # an interrupt on the keyboard is the owner's to handle
        )
        try:
            return process, _await_answer(process, orders.line(owner), keep_open=owner is not None)
        except BaseException as error:
            _stop(process)
            if isinstance(error, OSError | ValueError):
                raise _not_started(complaints) from error
            raise


def _await_answer(process: subprocess.Popen[bytes], orders: bytes, *, keep_open: bool) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(orders)
    process.stdin.flush()
    if not keep_open:
        process.stdin.close()
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    said = process.stdout.readline() if ready else b""
    process.stdout.close()
    base_url = f"http://127.0.0.1:{json.loads(said)['port']}"
    if not _answers(base_url, timeout=START_SECONDS):
        raise TimeoutError(base_url)
    return base_url


def _not_started(complaints: IO[bytes]) -> SourceUnavailable:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    why = lines[-1] if lines else f"no answer within {START_SECONDS:g} s"
    return SourceUnavailable(f"The OpenAQ stand-in did not start: {why}.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        _end(psutil.Process(process.pid))
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _answers(base_url: str, timeout: float) -> bool:
    try:
        with httpx.Client(trust_env=False, timeout=timeout) as client:
            return client.get(f"{base_url}/ping").json() == {"standin": "openaq"}
    except (httpx.HTTPError, ValueError):
        return False


def _file(state: Path) -> Path:
    return state / "standins" / "openaq.json"


@contextlib.contextmanager
def _locked(state: Path) -> Iterator[None]:
    _file(state).parent.mkdir(parents=True, exist_ok=True)
    with (_file(state).parent / "openaq.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remember(state: Path, running: Running) -> None:
    told = {**asdict(running), "api_key": running.api_key.get_secret_value()}
    draft = _file(state).with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(told, file)
    draft.replace(_file(state))


def _known(state: Path) -> Running | None:
    try:
        told = json.loads(_file(state).read_text())
        return Running(**{**told, "api_key": SecretStr(told["api_key"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _process_of(known: Running) -> psutil.Process | None:
    """The process, unless it is gone or its number belongs to another one by now."""
    try:
        process = psutil.Process(known.pid)
        same = abs(process.create_time() - known.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None
