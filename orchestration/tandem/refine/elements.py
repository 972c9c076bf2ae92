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
    """An element of a file's array, and its place there."""

    file: RawFile
    position: int
    content: object


def elements(
    payloads: Iterable[tuple[RawFile, bytes]], load: Callable[[bytes], list[Any]], rejects: list[Reject]
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


def last_of_each(
    entity: Entity, typed: Iterable[tuple[Element, Row | str]], rejects: list[Reject], day: date
) -> Refined:
    """The rows of elements, sorted by key, which begins a row; one that has a reason instead of a row is set aside.

    `rejects` has the files set aside, and is added to.
    """
    rows: dict[object, Row] = {}
    seen = 0
    for element, row in typed:
        seen += 1
        if isinstance(row, str):
            rejects.append(Reject(row, None, element.file.name, element.position, as_text(element.content)))
        else:
            rows[row[0]] = (*row, day)
    frame = pl.DataFrame(list(rows.values()), schema=polars_schema(entity), orient="row").sort(entity.key)
    seen += sum(reject.position is None for reject in rejects)
    return balanced([frame], rejects, seen=seen, superseded=seen - len(rejects) - len(rows))
