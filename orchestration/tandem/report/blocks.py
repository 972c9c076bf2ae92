"""What a page is made of. A system's section is a list of these; the template knows how each one looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

ROWS = 60  # a table that is longer says how many there are and where


class Cell(NamedTuple):
    """A table cell with a tone: `good`, `fair`, `poor`, `bad`, `mute` or `` for none; `hint` explains it on hover."""

    text: str
    tone: str = ""
    hint: str = ""


class Column(NamedTuple):
    """A table column; figures are set right."""

    label: str
    figures: bool = False


class Key(NamedTuple):
    """One entry of a legend: the colour class of the mark and what it stands for."""

    tone: str
    label: str


class Tile(NamedTuple):
    """One figure that stands on its own."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Tiles:
    """A row of figures."""

    kind: ClassVar[str] = "tiles"
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Note:
    """A paragraph of plain text."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Notices:
    """Sentences that somebody should read, one below the other."""

    kind: ClassVar[str] = "notices"
    title: str
    texts: Sequence[str]


@dataclass(frozen=True)
class Chart:
    """One drawing: `svg` is markup that tandem.report.charts made, never text from outside."""

    title: str
    svg: str
    legend: Sequence[Key] = ()
    caption: str = ""


@dataclass(frozen=True)
class Figures:
    """Drawings side by side, with a legend of their own if it holds for all; `wide` gives each the whole width."""

    kind: ClassVar[str] = "figures"
    charts: Sequence[Chart]
    title: str = ""
    note: str = ""
    legend: Sequence[Key] = ()
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings; a cell is text or a Cell."""

    kind: ClassVar[str] = "table"
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    note: str = ""
    empty: str = "Nothing to show."


Block = Tiles | Note | Notices | Figures | Table


@dataclass(frozen=True)
class Section:
    """One part of the page: `key` is its anchor."""

    key: str
    title: str
    intro: str
    blocks: Sequence[Block]
