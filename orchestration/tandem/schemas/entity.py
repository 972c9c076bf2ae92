"""How an entity is declared; every physical schema is generated from this."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """Logical column types; each target maps them to its own."""

    STRING = "string"
    BIGINT = "bigint"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # naive, UTC unless the column says local; microseconds


@dataclass(frozen=True)
class Decimal:
    """An exact number, for money."""

    precision: int
    scale: int


@dataclass(frozen=True)
class Column:
    """One column: its name, logical type, whether it may be null, and what it means."""

    name: str
    type: Type | Decimal
    description: str
    nullable: bool = True


class Kind(StrEnum):
    """What a source's column holds, as far as it matters to us: within a kind, a source may change its type."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # with or without a zone
    OBJECT = "object"
    LIST = "list"


@dataclass(frozen=True)
class Arriving:
    """A column or top-level field as the source has it; one that is not `required` may be absent."""

    name: str
    kind: Kind
    required: bool = True


@dataclass(frozen=True)
class Entity:
    """One table or feed of a system, as it stands in the processed zone.

    `key` is unique within a partition; `clock` says which date puts a row into a partition.
    `mart` names the mart that has one row per row of this entity, so that counts can be held against each other.
    `raw` names the captured feed it is refined from, where that is not an entity of its own name.
    Every entity ends in `partition_date` (DATE, not null), the day of its partition.
    `max_null_rates` maps a nullable column to the highest share of nulls that passes validation.
    `arrives` is what the source has, where a change of it is watched (see `tandem.extract.drift`); `changed_by` names
    the source's column that says when a row changed, by which the newest are asked for.
    """

    system: str
    name: str
    description: str
    clock: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    max_null_rates: tuple[tuple[str, float], ...] = ()
    max_set_aside_share: float = 0.2
    raw: str | None = None
    mart: str | None = None
    arrives: tuple[Arriving, ...] = ()
    changed_by: str | None = None

    @property
    def feed(self) -> str:
        """Name of the raw feed this entity is refined from."""
        return self.raw or self.name

    @property
    def fingerprint(self) -> str:
        """Hash of names, types and nullability: it changes when files must be refined again."""
        physical = [(c.name, str(c.type), c.nullable) for c in self.columns]
        return hashlib.sha256(json.dumps(physical).encode()).hexdigest()[:16]
