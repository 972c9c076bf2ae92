"""Whether a source still has the columns that an entity was declared with: what was added passes, what else stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tandem.errors import SchemaChanged
from tandem.schemas import Arriving, Entity, Kind


@dataclass(frozen=True)
class Observed:
    """A column as the source has it now: its kind, None for one we do not know, and the source's word for its type."""

    name: str
    kind: Kind | None
    type: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.type or self.kind})" if self.type or self.kind else self.name


def check(
    entity: Entity,
    where: str,
    observed: Sequence[Observed],
    *,
    before: Mapping[str, str] | None = None,
    known: frozenset[str] = frozenset(),
) -> list[str]:
    """What is new in a source, as notices; raises SchemaChanged when a declared column is gone or of another kind.

    `before` are the types of the earlier capture, by name; `known` are names that need no notice.
    """
    now = {column.name: column for column in observed}
    declared = {column.name for column in entity.arrives}
    new = [column for column in observed if column.name not in declared]
    faults = [fault for column in entity.arrives if (fault := _fault(column, now.get(column.name)))]
    if faults:
        raise SchemaChanged(_stop(entity, where, faults, new, observed))
    return [
        *(_news(entity, where, column) for column in new if column.name not in known),
        *(_retyped(entity, where, column, before or {}) for column in observed if _differs(column, before or {})),
    ]


def types_of(observed: Sequence[Observed]) -> dict[str, str]:
    """What the next capture is held against, as the origin of a file keeps it."""
    return {column.name: column.type for column in observed}


def _fault(declared: Arriving, found: Observed | None) -> str | None:
    if found is None:
        return f"{declared.name} ({declared.kind}) is missing" if declared.required else None
    if found.kind is declared.kind:
        return None
    return f"{declared.name} was {declared.kind} and is now {found.type or found.kind}"


def _stop(
    entity: Entity, where: str, faults: Sequence[str], new: Sequence[Observed], observed: Sequence[Observed]
) -> str:
    added = f" New there: {', '.join(map(str, new))}; one of them may be a new name." if new else ""
    return (
        f"{entity.system}.{entity.name}: {where} has changed. {'; '.join(faults)}.{added} "
        f"It now has: {', '.join(column.name for column in observed) or 'no column at all'}. "
        "Nothing of it was made current, and the warehouse still shows what was captured before. Change it back there, "
        f"or declare it in schemas/{entity.system}.py and read it in refine/{entity.system}*.py; then run again."
    )


def _news(entity: Entity, where: str, column: Observed) -> str:
    return (
        f"{entity.system}.{entity.name}: {where} has a column that is not declared, {column}. "
        f"It is kept in raw and goes no further; declare it in schemas/{entity.system}.py to use it."
    )


def _differs(column: Observed, before: Mapping[str, str]) -> bool:
    return before.get(column.name, column.type) != column.type


def _retyped(entity: Entity, where: str, column: Observed, before: Mapping[str, str]) -> str:
    return (
        f"{entity.system}.{entity.name}: {column.name} in {where} was {before[column.name]} and is now {column.type}."
    )
