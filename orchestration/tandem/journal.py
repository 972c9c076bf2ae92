"""What happened in a run, task by task: one JSON line an event, in a file that outlives the process.

The summary in the terminal and the report both read it, whoever ran the tasks (this process or a scheduler).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tandem.settings import settings

Subscriber = Callable[["Event"], None]
_subscribers: list[Subscriber] = []


@dataclass(frozen=True)
class Event:
    """`state` is running, progress, success or failed; `seconds` is set on the last two; `facts` is free."""

    task: str
    map_index: int
    state: str
    at: float
    seconds: float = 0.0
    message: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Journal:
    """The journal of one DAG run."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', run_id)}.jsonl"

    def append(self, event: Event) -> None:
        """Tell whoever watches in this process; keep everything but progress."""
        for subscriber in _subscribers:
            subscriber(event)
        if event.state == "progress":
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(event), default=str) + "\n")

    def read(self) -> list[Event]:
        """All events so far, oldest first; a line cut off by a kill is left out."""
        if not self.path.exists():
            return []
        return [event for line in self.path.read_text(encoding="utf-8").splitlines() if (event := _parse(line))]

    @contextmanager
    def task(self, task: str, map_index: int) -> Iterator[dict[str, Any]]:
        """Record one task attempt; what the body puts into the yielded dict becomes its facts."""
        started = time.time()
        self.append(Event(task, map_index, "running", started))
        facts: dict[str, Any] = {}
        try:
            yield facts
        except BaseException as error:
            self._end(task, map_index, "failed", started, str(error) or type(error).__name__, facts)
            raise
        self._end(task, map_index, "success", started, "", facts)

    def _end(self, task: str, map_index: int, state: str, started: float, message: str, facts: dict[str, Any]) -> None:
        now = time.time()
        self.append(Event(task, map_index, state, now, now - started, message, facts))


def journal_of(run_id: str) -> Journal:
    """The journal of a run, in the state folder of the chosen environment and target."""
    return Journal(settings().state / "runs", run_id)


def _parse(line: str) -> Event | None:
    try:
        return Event(**json.loads(line))
    except (ValueError, TypeError):
        return None


@contextmanager
def watched_by(subscriber: Subscriber) -> Iterator[None]:
    """Pass every event of this process to `subscriber` while the block runs."""
    _subscribers.append(subscriber)
    try:
        yield
    finally:
        _subscribers.remove(subscriber)
