"""Statements that count what Athena reads, pruned to the days in question, and what their answers say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from tandem.schemas import Decimal, Entity, Type
from tandem.targets.base import Observed

_TYPES = {Type.STRING: "varchar"}


def source_statement(database: str, table: str, columns: Sequence[str], days: Iterable[date] | None) -> str:
    """Rows per partition, and in one more row the nulls and the types of all columns; one scan gives both.

    The row of totals is there though nothing is found, for it carries the types.
    """
    nulls = ", ".join(f'count(*) - count("{name}")' for name in columns)
    types = ", ".join(f'typeof(arbitrary("{name}"))' for name in columns)
    return (
        f"select grouping(partition_date), partition_date, count(*), {nulls}, {types} "  # noqa: S608
        f'from "{database}"."{table}" where {_in_hive_days(days)} group by grouping sets ((partition_date), ())'
    )


def observed(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Observed:
    """What the answer to `source_statement` says."""
    counted = sorted(rows, key=lambda row: (row[0], str(row[1])))
    *days, totals = counted
    nulls, types = totals[3 : 3 + len(columns)], totals[3 + len(columns) :]
    return Observed(
        {row[1]: row[2] for row in days},
        dict(zip(columns, nulls, strict=True)),
        {name: _plain(kind) for name, kind in zip(columns, types, strict=True)},
    )


def declared_types(entity: Entity) -> dict[str, str]:
    """The types that `observed` must find."""
    return {column.name: _type(column.type) for column in entity.columns}


def mart_statement(database: str, table: str, days: Iterable[date] | None) -> str:
    """Rows per partition_date of a table that dbt built."""
    where = "1 = 1" if days is None else " or ".join(_between(*run) for run in runs_of(days)) or "1 = 0"
    return f'select partition_date, count(*) from "{database}"."{table}" where {where} group by 1 order by 1'  # noqa: S608


def runs_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as first and last of each unbroken run, so that years of them stay a short text."""
    ordered = enumerate(sorted(set(days)))
    # In an unbroken run, a day less its number is the same day throughout.
    runs = ([day for _, day in run] for _, run in groupby(ordered, key=lambda item: item[1] - timedelta(days=item[0])))
    return [(run[0], run[-1]) for run in runs]


def _in_hive_days(days: Iterable[date] | None) -> str:
    if days is None:
        return "1 = 1"
    # Equality and lists of the bare Hive keys are what a partition is pruned by.
    return " or ".join(_months(sorted(set(days)))) or "1 = 0"


def _months(days: Sequence[date]) -> Iterator[str]:
    for (year, month), those in groupby(days, key=lambda day: (f"{day:%Y}", f"{day:%m}")):
        listed = ", ".join(f"'{day:%d}'" for day in those)
        yield f"(year = '{year}' and month = '{month}' and day in ({listed}))"


def _between(first: date, last: date) -> str:
    return f"partition_date between date '{first}' and date '{last}'"


def _plain(kind: str) -> str:
    # How many digits of a second it keeps is the engine's choice, not the source's.
    return re.sub(r"^timestamp\(\d+\)", "timestamp", kind).replace(", ", ",")


def _type(declared: Type | Decimal) -> str:
    if isinstance(declared, Decimal):
        return f"decimal({declared.precision},{declared.scale})"
    return _TYPES.get(declared, declared.value)
