"""What is known of a run when it ends, and the sums that the page and the terminal both show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar, NamedTuple

SUCCESS = "success"
COUNTS = ("in", "out", "superseded", "outside", "quarantined")
_GOOD_STATES = frozenset({SUCCESS, "skipped"})


class Task(NamedTuple):
    """One task instance: its id, Airflow's state, seconds. Mapped instances repeat the id."""

    name: str
    state: str
    seconds: float


class Model(NamedTuple):
    """One dbt model of the run."""

    name: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Tests:
    """How the data tests ended."""

    __test__: ClassVar[bool] = False  # not a class of tests to pytest

    passed: int = 0
    warned: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Span:
    """The days that a run covered; both ends are included."""

    first: date | None = None
    last: date | None = None
    count: int = 0

    def __str__(self) -> str:
        if self.first is None or self.last is None:
            return "no day"
        if self.first == self.last:
            return f"{self.first}"
        return f"{self.first} to {self.last} ({self.count} days)"


class Paths(NamedTuple):
    """Where to look after a run; None: not made."""

    database: Path | None = None
    report: Path | None = None
    log: Path | None = None


class TaskGroup(NamedTuple):
    """All instances of one task: how many, which states, seconds in sum."""

    name: str
    states: Mapping[str, int]
    seconds: float

    @property
    def state(self) -> str:
        """`success`, or for mixed states `58 success, 2 failed`."""
        if len(self.states) == 1:
            return next(iter(self.states))
        return ", ".join(f"{n} {state}" for state, n in self.states.items())

    @property
    def good(self) -> bool:
        """True when every instance ended well."""
        return self.states.keys() <= _GOOD_STATES


@dataclass(frozen=True)
class RunSummary:
    """One run.

    `counts` has, per entity, the keys of COUNTS as the manifests have them; `reasons` has, per entity, how many
    rows were set aside for which reason. `notices` say what the run came across and passed over, each once.
    `outcome` is `success` or says in a few words what happened.
    """

    systems: Sequence[str]
    environment: str
    target: str
    partitions: Span
    started_at: datetime
    seconds: float
    outcome: str = SUCCESS
    tasks: Sequence[Task] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    models: Sequence[Model] = ()
    tests: Tests = field(default_factory=Tests)
    notices: Sequence[str] = ()
    paths: Paths = field(default_factory=Paths)

    @property
    def succeeded(self) -> bool:
        return self.outcome == SUCCESS

    @property
    def totals(self) -> Mapping[str, int]:
        """The counts of all entities in sum."""
        return {name: sum(counts.get(name, 0) for counts in self.counts.values()) for name in COUNTS}

    @property
    def unbalanced(self) -> Sequence[str]:
        """Entities whose rows in are not all accounted for: out, superseded, outside or quarantined."""
        return [entity for entity, counts in self.counts.items() if _missing(counts)]

    @property
    def task_groups(self) -> Sequence[TaskGroup]:
        """Tasks by id, in the order of their first instance."""
        grouped: dict[str, list[Task]] = {}
        for task in self.tasks:
            grouped.setdefault(task[0], []).append(Task(*task))
        return [
            TaskGroup(name, Counter(t.state for t in tasks), sum(t.seconds for t in tasks))
            for name, tasks in grouped.items()
        ]

    @property
    def model_states(self) -> Mapping[str, int]:
        """How many models ended in which status."""
        return Counter(Model(*model).status for model in self.models)


def _missing(counts: Mapping[str, int]) -> int:
    return counts.get("in", 0) - sum(counts.get(name, 0) for name in COUNTS[1:])
