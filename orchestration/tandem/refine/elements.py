"""Payloads read element by element, for feeds that are small or deeply nested: of equal keys the last row stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from tandem.lake.processed import polars_schema
from tandem.refine.refined import RawFile, Refined, Reject, as_text, balanced, reject_file
from tandem.schemas import Entity

Row = tuple[object, ...]


class Element(NamedTuple):
    """An element of a file, and its place there."""

    file: RawFile
    position: int
    content: Any

    def typed(self, row: Row | str) -> Row | Reject:
        """What became of it: its row, or for a reason in place of a row the element set aside, as JSON."""
        if isinstance(row, str):
            return Reject(row, None, self.file.name, self.position, as_text(self.content))
        return row


def elements(
    payloads: Iterable[tuple[RawFile, bytes]], load: Callable[[bytes], Iterable[Any]], rejects: list[Reject]
) -> Iterator[Element]:
    """The elements of all files, in their order; a file that `load` raises ValueError for goes to `rejects`."""
    for file, payload in payloads:
        try:
            loaded = load(payload)
        except ValueError as error:
            rejects.append(reject_file("payload_invalid", str(error), file, payload))
            continue
        for position, content in enumerate(loaded):
            yield Element(file, position, content)


def last_of_each(entity: Entity, typed: Iterable[Row | Reject], rejects: list[Reject], day: date) -> Refined:
    """The rows of elements, sorted by key, of equal keys the last; the day of the partition ends each.

    `rejects` has the files set aside, and is added to.
    """
    schema = polars_schema(entity)
    places = [list(schema).index(name) for name in entity.key]
    rows: dict[Row, Row] = {}
    seen = 0
    for row in typed:
        seen += 1
        if isinstance(row, Reject):
            rejects.append(row)
        else:
            rows[tuple(row[place] for place in places)] = (*row, day)
    frame = pl.DataFrame(list(rows.values()), schema=schema, orient="row").sort(entity.key)
    seen += sum(reject.position is None for reject in rejects)
    return balanced([frame], rejects, seen=seen, superseded=seen - len(rejects) - len(rows))
