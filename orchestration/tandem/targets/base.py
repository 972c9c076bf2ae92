"""What every target can do, and the values it speaks in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from tandem.blame import Refusal
from tandem.lake.partition import Partition
from tandem.lake.store import Store
from tandem.schemas import Entity
from tandem.settings import TargetName


@dataclass(frozen=True)
class Owed:
    """What dbt must build: partitions whose published commit is not the one that every model was built from.

    `partitions` has, per entity, the days owed and the commit to build from; None is a partition that the lake
    no longer has. `full` means that models or macros changed, or nothing was built yet: everything is owed.
    False in a condition when there is nothing to do.
    """

    system: str
    project: str
    full: bool
    partitions: Mapping[str, Mapping[date, str | None]]

    def __bool__(self) -> bool:
        return self.full or any(self.partitions.values())

    @property
    def days(self) -> dict[str, list[date]]:
        """Per entity, the days owed, oldest first."""
        return {entity: sorted(commits) for entity, commits in self.partitions.items()}

    @property
    def dbt_vars(self) -> dict[str, Any]:
        """The variable `owed` for dbt, or no variable when everything is owed."""
        if self.full:
            return {}
        return {"owed": {entity: [day.isoformat() for day in days] for entity, days in self.days.items()}}


@dataclass(frozen=True)
class Observed:
    """What the warehouse reads of a source: rows per partition, nulls per column, and the columns' types."""

    rows: Mapping[date, int]
    nulls: Mapping[str, int]
    types: Mapping[str, str]

    def null_rate(self, column: str) -> float:
        """Share of nulls in a column; 0 when there are no rows."""
        total = sum(self.rows.values())
        return self.nulls[column] / total if total else 0.0


class Target(Protocol):
    """An engine: where sources are published, dbt builds, and results are read."""

    name: TargetName

    def publish(self, store: Store, entities: Sequence[Entity]) -> dict[str, int]:
        """Show the newest processed commits as sources; returns, per entity, how many partitions changed."""
        ...

    def published(self) -> frozenset[tuple[Partition, str]]:
        """Every commit that some reader may still see: what garbage collection must keep."""
        ...

    def observe(self, entity: Entity, days: Iterable[date] | None = None) -> Observed:
        """Count what the engine reads of a source, in some partitions or all."""
        ...

    def declared_types(self, entity: Entity) -> dict[str, str]:
        """The types that `observe` must find for the declared columns."""
        ...

    def rows_per_partition(self, relation: str, days: Iterable[date] | None = None) -> dict[date, int]:
        """Rows of `schema.table` per partition_date as dbt left it, in some partitions or all."""
        ...

    def owed(self, system: str) -> Owed:
        """The difference between what is published and what the models were built from."""
        ...

    def record_built(self, owed: Owed, models: Iterable[str] | None = None) -> None:
        """Note, after success, that models (default: all of the system) were built from these commits."""
        ...

    def snapshot(self) -> Path | None:
        """Serve the present state to readers, where that is a step of its own; returns where it is."""
        ...

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a statement, on the state that was served last."""
        ...

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement, never all of them in memory at once."""
        ...

    def schema_name(self, name: str) -> str:
        """What a schema is called here: with the namespace before it where others share the catalogue."""
        ...

    def refusals(self, since: datetime) -> Sequence[Refusal]:
        """The statements that the engine refused since then, where it remembers them."""
        ...

    def dbt_session(self, description: str) -> AbstractContextManager[dict[str, str]]:
        """Let dbt in this process have the engine for the block; gives the environment variables its profile reads."""
        ...
