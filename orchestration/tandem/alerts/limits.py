"""Limits of a task: when one is overrun there is one alert, and nothing is stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tandem.journal import ENDED, Event, Journal
from tandem.settings import Settings

LATE = "late"


@dataclass(frozen=True)
class Limit:
    """How long something of a run may take; `setting` says how many seconds.

    A `shared` limit is used up by all tasks of the run that are under it, any other by each task instance for itself.
    Waiting for the next attempt does not count.
    """

    name: str
    what: str
    setting: str
    shared: bool = False

    def seconds(self, settings: Settings) -> float:
        """The limit as it is set."""
        return float(getattr(settings, self.setting))


EXTRACTION = Limit("extraction", "an extraction task", "tandem_deadline_extract_seconds")
DBT_LAYERS = Limit("dbt", "the dbt layers of a run together", "tandem_deadline_dbt_seconds", shared=True)
TESTS = Limit("tests", "the tests of a run", "tandem_deadline_test_seconds")


@contextmanager
def watched(
    limit: Limit, seconds: float, journal: Journal, task: str, map_index: int, alert: Callable[[float], None]
) -> Iterator[None]:
    """Call `alert` with the seconds used, from a thread, when the block overruns the limit; once per run and limit.

    What earlier attempts and, of a shared limit, earlier tasks used is read from the journal.
    """
    events = [event for event in journal.read() if _counts(event, limit, task, map_index)]
    used = sum(event.seconds for event in events if event.state in ENDED)
    if any(event.state == LATE for event in events):
        yield
        return
    started = time.monotonic()

    def overrun() -> None:
        journal.append(Event(task, map_index, LATE, time.time(), facts={"limit": limit.name, "allowed": seconds}))
        alert(used + time.monotonic() - started)

    timer = threading.Timer(max(seconds - used, 0.0), overrun)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # An alert under way is let out; it does not wait long for Slack.
        timer.join()


def _counts(event: Event, limit: Limit, task: str, map_index: int) -> bool:
    own = (event.task, event.map_index) == (task, map_index)
    return event.facts.get("limit") == limit.name and (limit.shared or own)
