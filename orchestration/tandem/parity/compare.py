"""Holds the marts of two sides against each other: columns, types, and rows by key.

Both sides hand over their rows in the order of the key, and the two are merged: memory holds the rows of one key, and
what the target itself keeps of its answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Any, Protocol, runtime_checkable

from tandem.errors import CannotCompare
from tandem.parity.marts import Mart
from tandem.parity.result import ColumnDifference, MartParity, Parity, RowDifference
from tandem.parity.rules import RELATIVE_ERROR, comparable, differing_columns, is_compared, kind_of
from tandem.targets.base import Target

EXAMPLES = 20
Row = tuple[Any, ...]
Types = Mapping[str, str]


@runtime_checkable
class Streaming(Protocol):
    """A target that can hand over the rows of a statement without holding them all."""

    def stream(self, sql: str) -> Iterator[Row]:
        """The rows of a statement, one by one."""
        ...


@dataclass(frozen=True)
class Side:
    """A target under comparison; `schema_name` gives the name that a schema has there."""

    name: str
    target: Target
    schema_name: Callable[[str], str]

    def rows(self, sql: str) -> Iterable[Row]:
        """The rows of a statement."""
        return self.target.stream(sql) if isinstance(self.target, Streaming) else self.target.query(sql)[1]


def compare(system: str, marts: Sequence[Mart], left: Side, right: Side, examples: int = EXAMPLES) -> Parity:
    """Compare marts on two sides; keeps the first `examples` differing rows of each.

    Raises CannotCompare when a mart is on neither side, or a side's answer is not what was asked for.
    """
    types = columns_of(left, marts), columns_of(right, marts)
    pairs = [(mart, (types[0][mart.name], types[1][mart.name])) for mart in marts]
    found = (compare_mart(mart, (left, right), both, examples) for mart, both in pairs)
    return Parity(system, left.name, right.name, tuple(found))


def columns_of(side: Side, marts: Sequence[Mart]) -> dict[str, dict[str, str]]:
    """The columns and types that a side has of each mart, in order; none for a mart that is not there."""
    found: dict[str, dict[str, str]] = {mart.name: {} for mart in marts}
    for schema in sorted({mart.schema for mart in marts}):
        names = ", ".join(f"'{mart.name}'" for mart in marts if mart.schema == schema)
        rows = side.rows(
            "select table_name, column_name, data_type from information_schema.columns "  # noqa: S608
            f"where table_schema = '{side.schema_name(schema)}' and table_name in ({names}) "
            "order by table_name, ordinal_position"
        )
        for table, column, sql_type in rows:
            found[table][column] = sql_type
    return found


def compare_mart(mart: Mart, sides: tuple[Side, Side], types: tuple[Types, Types], examples: int) -> MartParity:
    """Compare one mart, whose columns and types on both sides are known."""
    started = time.monotonic()
    if not all(types):
        return _absent(mart, sides, types)
    left_out = tuple(sorted(name for name in {*types[0], *types[1]} if not is_compared(name)))
    parity = MartParity(mart.name, mart.key, tuple(column_differences(mart.columns, *types)), left_out)
    kinds = _kinds_in_common(*types)
    if kinds.keys() >= set(mart.key):
        _refuse_inexact(mart, kinds)
        _compare_rows(mart, sides, kinds, parity, examples)
    parity.seconds = time.monotonic() - started
    return parity


def _absent(mart: Mart, sides: tuple[Side, Side], types: tuple[Types, Types]) -> MartParity:
    if not any(types):
        raise CannotCompare(f"{mart.schema}.{mart.name} is neither on {sides[0].name} nor on {sides[1].name}.")
    return MartParity(mart.name, mart.key, absent=sides[0 if types[1] else 1].name)


def column_differences(declared: Mapping[str, str | None], left: Types, right: Types) -> Iterator[ColumnDifference]:
    """Columns that lack on a side, that have another type there than declared, and another order of columns."""
    places = [place for place in (declared, left, right) if place or place is not declared]
    for name in filter(is_compared, dict.fromkeys(name for place in places for name in place)):
        lacks = any(name not in place for place in places)
        kinds = {kind_of(place[name] or "") for place in places if place.get(name)}
        if lacks or len(kinds) > 1:
            yield ColumnDifference(name, declared.get(name), left.get(name), right.get(name))
    common = [name for name in left if is_compared(name) and all(name in place for place in places)]
    orders = [", ".join(name for name in place if name in common) for place in (declared, left, right)]
    if len(set(filter(None, orders))) > 1:
        yield ColumnDifference("(order of columns)", orders[0] or None, orders[1], orders[2])


def _kinds_in_common(left: Types, right: Types) -> dict[str, str]:
    common = [name for name in left if name in right and is_compared(name)]
    return {name: kind_of(left[name]) for name in common if kind_of(left[name]) == kind_of(right[name])}


def _refuse_inexact(mart: Mart, kinds: Mapping[str, str]) -> None:
    if inexact := [name for name in mart.key if kinds[name] in RELATIVE_ERROR]:
        raise CannotCompare(f"The key of {mart.name} has columns that are not exact: {', '.join(inexact)}.")


def _compare_rows(
    mart: Mart, sides: tuple[Side, Side], kinds: Mapping[str, str], parity: MartParity, examples: int
) -> None:
    counts = [0, 0]
    for key, ours, theirs in _aligned(*(_groups(side, mart, list(kinds)) for side in sides)):
        counts[0] += len(ours)
        counts[1] += len(theirs)
        if ours == theirs:
            continue
        for left, right in _paired(kinds, ours, theirs):
            difference = _difference(kinds, key, left, right, sides)
            _count(parity, difference, is_left=left is not None)
            if len(parity.examples) < examples:
                parity.examples.append(difference)
    parity.rows, parity.compared = (counts[0], counts[1]), True


def _groups(side: Side, mart: Mart, columns: Sequence[str]) -> Iterator[tuple[Row, list[Row]]]:
    """The rows of a side by key, in its order; raises CannotCompare when they do not come in that order."""
    # Said, because engines differ in where nulls go.
    order = ", ".join(f"{name} nulls last" for name in mart.key)
    table = f"{side.schema_name(mart.schema)}.{mart.name}"
    positions = [columns.index(name) for name in mart.key]
    before = None
    keyed = ((tuple(_ordered(row[at]) for at in positions), row) for row in _select(side, table, columns, order))
    for key, rows in groupby(keyed, key=itemgetter(0)):
        if before is not None and key < before:
            raise CannotCompare(f"{side.name} gives the rows of {table} in another order than asked for.")
        before = key
        yield key, [row for _key, row in rows]


def _select(side: Side, table: str, columns: Sequence[str], order: str) -> Iterable[Row]:
    return side.rows(f"select {', '.join(columns)} from {table} order by {order}")  # noqa: S608


def _ordered(value: Any) -> tuple[bool, Any]:
    return value is None, comparable(value)


def _aligned(
    left: Iterator[tuple[Row, list[Row]]], right: Iterator[tuple[Row, list[Row]]]
) -> Iterator[tuple[Row, list[Row], list[Row]]]:
    """Per key the rows of both sides, an empty list where a side has none."""
    ours, theirs = next(left, None), next(right, None)
    while ours or theirs:
        if theirs is None or (ours is not None and ours[0] < theirs[0]):
            assert ours is not None
            yield ours[0], ours[1], []
            ours = next(left, None)
        elif ours is None or theirs[0] < ours[0]:
            yield theirs[0], [], theirs[1]
            theirs = next(right, None)
        else:
            yield ours[0], ours[1], theirs[1]
            ours, theirs = next(left, None), next(right, None)


def _paired(kinds: Mapping[str, str], ours: list[Row], theirs: list[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of one key that differ, beside each other; equal ones are left out, also when a key is there twice."""
    rest, unmatched = list(theirs), []
    for row in ours:
        match = next((at for at, other in enumerate(rest) if not differing_columns(kinds, row, other)), None)
        if match is None:
            unmatched.append(row)
        else:
            del rest[match]
    yield from zip_longest(unmatched, rest)


def _difference(
    kinds: Mapping[str, str], key: Row, left: Row | None, right: Row | None, sides: tuple[Side, Side]
) -> RowDifference:
    shown = tuple(value for _is_null, value in key)
    if left is None or right is None:
        cells = zip(kinds, left or right or (), strict=True)
        return RowDifference(shown, tuple(cells), sides[left is None].name)
    return RowDifference(shown, tuple(differing_columns(kinds, left, right)))


def _count(parity: MartParity, difference: RowDifference, *, is_left: bool) -> None:
    if difference.only is None:
        parity.changed += 1
        parity.changed_columns.update(cell[0] for cell in difference.cells)
    elif is_left:
        parity.only_left += 1
    else:
        parity.only_right += 1
