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

RUNNING = "running"
ENDED = ("success", "failed")
Subscriber = Callable[["Event"], None]
_subscribers: list[Subscriber] = []


@dataclass(frozen=True)
class Event:
    """`state` is running, progress, late, success or failed; `seconds` is set on the last two; `facts` is free."""

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

    def previous_attempt(self, task: str, map_index: int) -> Event | None:
        """How the attempt before the one under way ended; None when there was none, or when it was killed."""
        own = [event for event in self.read() if (event.task, event.map_index) == (task, map_index)]
        turns = [event for event in own if event.state in (RUNNING, *ENDED)]
        return turns[-2] if len(turns) > 1 and turns[-2].state in ENDED else None

    def at_work(self) -> list[str]:
        """The task instances that have started and not ended, a mapped one with its index."""
        last = {(e.task, e.map_index): e.state for e in self.read() if e.state in (RUNNING, *ENDED)}
        going = (instance for instance, state in last.items() if state == RUNNING)
        return [task if index < 0 else f"{task}[{index}]" for task, index in going]

    @contextmanager
    def task(self, task: str, map_index: int) -> Iterator[dict[str, Any]]:
        """Record one attempt at a task; its facts are what the body puts into the yielded dict, and an error's."""
        started = time.time()
        self.append(Event(task, map_index, RUNNING, started))
        facts: dict[str, Any] = {}
        try:
            yield facts
        except BaseException as error:
            facts |= getattr(error, "facts", {})
            self._end(task, map_index, "failed", started, str(error) or type(error).__name__, facts)
            raise
        self._end(task, map_index, "success", started, "", facts)

    def _end(self, task: str, map_index: int, state: str, started: float, message: str, facts: dict[str, Any]) -> None:
        now = time.time()
        self.append(Event(task, map_index, state, now, now - started, message, facts))


def journal_of(dag_id: str, run_id: str) -> Journal:
    """The journal of a DAG's run, in the state folder of the chosen environment and target."""
    return Journal(settings().state / "runs", f"{dag_id}-{run_id}")


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
