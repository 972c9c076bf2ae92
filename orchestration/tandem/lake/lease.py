"""The lease that keeps two runs on the same lake apart, on a disk and on S3 alike: an object with an expiry."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import psutil

from tandem.errors import Conflict, LakeError, LeaseHeld
from tandem.lake.store import Store

PATH = "_lease.json"
_TRIES = 5
# The start of a process is told by the wall clock, which may be set between two looks.
_CLOCK_STEP_SECONDS = 2.0


@dataclass(frozen=True)
class Lease:
    """Who may write to the lake, and until when.

    `machine` identifies the kernel and its process numbers: only there does `pid` mean something. `pid` 0 is a lease
    that outlives its process.
    """

    holder: str
    description: str
    host: str
    machine: str
    pid: int
    process_started: float
    since: str
    until: str
    released: bool = False

    @property
    def is_free(self) -> bool:
        """Whether anybody may take it: given back, expired, or its process is gone from this machine."""
        expired = datetime.fromisoformat(self.until) <= datetime.now(UTC)
        return self.released or expired or self._is_abandoned

    @property
    def _is_abandoned(self) -> bool:
        if not self.pid or self.machine != _machine():
            return False
        started = _started(self.pid)
        return started is None or abs(started - self.process_started) > _CLOCK_STEP_SECONDS


def acquire(
    store: Store, holder_id: str, description: str, ttl_seconds: float, *, bound_to_process: bool = True
) -> Lease:
    """Take the lease, or renew it if this holder has it; raises LeaseHeld, which says who has it.

    A lease whose process died on this machine is free at once; any other when it expires. With
    `bound_to_process=False` (a run made of several processes) only `release` or the expiry frees it.
    """
    for _try in range(_TRIES):
        found = _read(store)
        if found and found[0].holder != holder_id and not found[0].is_free:
            raise LeaseHeld(_explain(store, found[0]))
        lease = _new(holder_id, description, ttl_seconds, bound_to_process)
        if found and found[0].holder == holder_id and not found[0].released:
            lease = replace(lease, since=found[0].since)
        try:
            store.swap(PATH, _to_json(lease), found[1] if found else None)
        except Conflict:
            continue
        return lease
    raise LeaseHeld(f"Several runs want the lease of {store.url} at the same time. Run again.")


def renew(store: Store, holder_id: str, ttl_seconds: float) -> Lease:
    """Extend the lease of this holder; raises LeaseHeld when somebody else has taken it."""
    for _try in range(_TRIES):
        found = _read(store)
        if found is None or found[0].holder != holder_id or found[0].released:
            raise LeaseHeld(_explain_loss(store, holder_id, found[0] if found else None))
        lease = replace(found[0], until=_from_now(ttl_seconds))
        try:
            store.swap(PATH, _to_json(lease), found[1])
        except Conflict:
            continue
        return lease
    raise LeaseHeld(_explain_loss(store, holder_id, None))


def release(store: Store, holder_id: str) -> None:
    """Give the lease back; nothing happens when this holder does not have it."""
    found = _read(store)
    if found is None or found[0].holder != holder_id or found[0].released:
        return
    try:
        store.swap(PATH, _to_json(replace(found[0], released=True)), found[1])
    except Conflict:
        release(store, holder_id)


@contextmanager
def held(store: Store, holder_id: str, description: str, ttl_seconds: float = 120) -> Iterator[Lease]:
    """Hold the lease inside the block; a thread renews it, the end of the block or of the process gives it back.

    Raises LeaseHeld on entry, and at the end of the block when the lease was lost inside it: then another run may
    have written at the same time (each partition is still one whole commit).
    """
    lease = acquire(store, holder_id, description, ttl_seconds)
    heartbeat = _Heartbeat(store, holder_id, ttl_seconds)
    heartbeat.start()
    try:
        yield lease
    finally:
        heartbeat.stop()
        release(store, holder_id)
    if heartbeat.loss:
        raise heartbeat.loss


class _Heartbeat(Thread):
    def __init__(self, store: Store, holder_id: str, ttl_seconds: float) -> None:
        super().__init__(name="tandem-lease", daemon=True)
        self._store, self._holder_id, self._ttl_seconds = store, holder_id, ttl_seconds
        self._done = Event()
        self.loss: LeaseHeld | None = None

    def run(self) -> None:
        while not self.loss and not self._done.wait(self._ttl_seconds / 3):
            try:
                renew(self._store, self._holder_id, self._ttl_seconds)
            except LeaseHeld as error:
                self.loss = error
            except LakeError:
                # The store may answer again before the lease expires; if not, the next renewal sees who took it.
                continue

    def stop(self) -> None:
        self._done.set()
        self.join()


def _read(store: Store) -> tuple[Lease, str] | None:
    found = store.read(PATH)
    if found is None:
        return None
    try:
        return Lease(**json.loads(found[0])), found[1]
    except (ValueError, TypeError) as error:
        raise LakeError(f"{store.uri(PATH)} is not a lease. Remove it when no run is writing. ({error})") from error


def _new(holder_id: str, description: str, ttl_seconds: float, bound_to_process: bool) -> Lease:
    pid = os.getpid() if bound_to_process else 0
    return Lease(
        holder=holder_id,
        description=description,
        host=socket.gethostname(),
        machine=_machine(),
        pid=pid,
        process_started=_started(pid) or 0.0,
        since=_from_now(0),
        until=_from_now(ttl_seconds),
    )


def _to_json(lease: Lease) -> bytes:
    return json.dumps(asdict(lease), indent=1).encode()


def _from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def _started(pid: int) -> float | None:
    """When a process started, None when it is not running; with it a reused process number is told apart."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _machine() -> str:
    # Containers may share a host name but not process numbers, so the name alone would declare live runs dead.
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _explain(store: Store, lease: Lease) -> str:
    process = f", process {lease.pid}" if lease.pid else ""
    return (
        f"The lake {store.url} is in use by {lease.description!r} on {lease.host}{process}, "
        f"since {_clock(lease.since)}, until {_clock(lease.until)} unless renewed. "
        "Wait for it or stop it: the lease is free once its process ends on this machine, elsewhere when it expires."
    )


def _explain_loss(store: Store, holder_id: str, lease: Lease | None) -> str:
    taker = f" to {lease.description!r} on {lease.host}" if lease and lease.holder != holder_id else ""
    return f"This run lost the lease of {store.url}{taker}: it could not be renewed in time. Run again when it is free."


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"
