"""What a comparison found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ColumnDifference:
    """A column that is not the same on both sides, or not as declared: its type at each place, None where it lacks."""

    column: str
    declared: str | None
    left: str | None
    right: str | None


@dataclass(frozen=True)
class RowDifference:
    """A row that differs: its key, and per differing column the left and the right value.

    `only` says which side has it, when the other has no such row; the cells are then its columns, with one value each.
    """

    key: tuple[Any, ...]
    cells: tuple[tuple[Any, ...], ...]
    only: str | None = None


@dataclass
class MartParity:
    """One mart on both sides; `absent` names the side that does not have it.

    `rows` are counts of left and right; `only_left`, `only_right` and `changed` count rows, `changed_columns` counts
    changed rows by column; `examples` are the first rows that differ, by key. `compared` is False when the rows could
    not be held against each other because a key column differs.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[ColumnDifference, ...] = ()
    left_out: tuple[str, ...] = ()
    absent: str | None = None
    compared: bool = False
    rows: tuple[int, int] = (0, 0)
    only_left: int = 0
    only_right: int = 0
    changed: int = 0
    changed_columns: Counter[str] = field(default_factory=Counter)
    examples: list[RowDifference] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.compared and not (self.columns or self.only_left or self.only_right or self.changed)


@dataclass(frozen=True)
class Parity:
    """All marts of a system on two sides."""

    system: str
    left: str
    right: str
    marts: tuple[MartParity, ...]

    @property
    def equal(self) -> bool:
        """Whether no mart differs."""
        return all(mart.equal for mart in self.marts)
