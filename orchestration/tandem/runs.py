"""Who holds the lake while a run lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.lake import lease
from tandem.settings import settings
from tandem.steps import open_lake

LEASE_SECONDS = 120
# Between two tasks of a scheduled run nobody renews, so its lease lasts as long as a long task.
SCHEDULED_LEASE_SECONDS = 1800
HOLDER_VARIABLE = "TANDEM_LEASE_HOLDER"


@contextmanager
def holding_lake(description: str) -> Iterator[None]:
    """Hold the lease for the whole block; tasks that run inside this process join it.

    Raises LeaseHeld, naming the holder, when another run is at work on this lake.
    """
    holder = f"{os.uname().nodename}-{os.getpid()}"
    with lease.held(open_lake(settings()), holder, description, LEASE_SECONDS):
        os.environ[HOLDER_VARIABLE] = holder
        try:
            yield
        finally:
            del os.environ[HOLDER_VARIABLE]


def hold_for_task(run: str) -> None:
    """Take or renew the lease for a task of a scheduled run; its siblings share it, and it stays with the run."""
    if HOLDER_VARIABLE not in os.environ:
        description = f"Airflow run {run}"
        lease.acquire(open_lake(settings()), run, description, SCHEDULED_LEASE_SECONDS, bound_to_process=False)


def release_lease(run: str) -> None:
    """Give the lease of a scheduled run back; the runner gives back its own."""
    if HOLDER_VARIABLE not in os.environ:
        lease.release(open_lake(settings()), run)
