"""What an attempt at a dbt command did and left undone, so that the next one does only the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.targets.base import Owed


@dataclass(frozen=True)
class Attempt:
    """An earlier attempt at a piece of work, from its facts in the journal.

    `undone` has what dbt is to select; empty when there was no such attempt, or when everything is to be done again.
    """

    work: str
    undone: Sequence[str] = ()
    models: Sequence[Sequence[Any]] = ()
    tests: Sequence[int] = (0, 0, 0)

    @classmethod
    def at(cls, owed: Owed, facts: Mapping[str, Any]) -> Attempt:
        """The attempt of these facts when it was at what is owed now; another project or other commits: none."""
        work = _digest(owed)
        if facts.get("work") != work or not facts.get("undone"):
            return cls(work)
        return cls(work, facts["undone"], facts["models"], facts["tests"])

    def followed_by(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of both attempts together, after the later one: what failed earlier was done again."""
        again = {model[0] for model in facts["models"]} if "models" in facts else set()
        passed, warned, _ = self.tests
        later = facts.get("tests", (0, 0, 0))
        return {
            **facts,
            "work": self.work,
            "models": [*(model for model in self.models if model[0] not in again), *facts.get("models", ())],
            "tests": (passed + later[0], warned + later[1], later[2]),
        }


def _digest(owed: Owed) -> str:
    """A name for a piece of work: the text of the project, and the commits to build from."""
    partitions = {entity: sorted(days.items()) for entity, days in sorted(owed.partitions.items())}
    return hashlib.sha256(repr((owed.project, owed.full, partitions)).encode()).hexdigest()[:16]
