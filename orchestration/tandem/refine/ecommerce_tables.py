"""A captured PostgreSQL table as typed rows: the same steps for every table, which says only what is its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import NamedTuple

import polars as pl

from tandem.lake.processed import polars_schema
from tandem.refine.ecommerce_cells import RAW, cell, raw, text, unwrap
from tandem.refine.latest import latest_of_each
from tandem.refine.refined import (
    PAYLOAD_CHARACTERS,
    RawFile,
    Refined,
    Reject,
    attempt_of,
    balanced,
    page_of,
    reject_file,
)
from tandem.schemas import Entity

PART_ROWS = 500_000


class Rule(NamedTuple):
    """Why a row is set aside: when `broken` is true. `source` is the column to show."""

    reason: str
    source: str
    broken: pl.Expr


@dataclass(frozen=True)
class Table:
    """How the rows of an entity come out of its table.

    A declared column comes from the column of its name by the rule of its type, unless `cells` has another
    expression for it. The first of `rules` that is broken is the reason.
    """

    entity: Entity
    rules: Sequence[Rule]
    cells: Mapping[str, pl.Expr] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """The columns of the source."""
        return [column.name for column in self.entity.arrives]

    def typed(self, day: date) -> dict[str, pl.Expr]:
        """Every declared column, over rows of the source."""
        default = {column.name: column for column in self.entity.columns if column.name not in self.cells}
        del default["partition_date"]
        cells = {name: cell(column, name) for name, column in default.items()}
        return {**cells, **self.cells, "partition_date": pl.lit(day)}


def missing(column: str, reason: str | None = None, source: str | None = None) -> Rule:
    """Sets a row aside that has no value in a typed column."""
    return Rule(reason or f"{column}_missing", source or column, pl.col(column).is_null())


def amount(column: str) -> tuple[Rule, ...]:
    """Sets a row aside whose amount is missing, is no number of the declared digits, or is negative."""
    return (
        Rule("amount_missing", column, text(column).is_null()),
        Rule("amount_invalid", column, pl.col(column).is_null()),
        Rule("amount_negative", column, pl.col(column) < 0),
    )


def refine_table(table: Table, files: Iterable[RawFile], day: date) -> Refined:
    """The good rows of a captured table, sorted by key.

    A file is read, judged and dropped before the next, so memory holds the typed rows and one part of the table.
    """
    columns = polars_schema(table.entity)
    good: list[pl.DataFrame] = [columns.to_frame()]
    rejects: list[Reject] = []
    seen = 0
    for file in sorted(files, key=lambda file: (attempt_of(file), page_of(file), file.name)):
        payload = file.read()
        try:
            judged = _judge(payload, table, day)
        except pl.exceptions.PolarsError as error:
            rejects.append(reject_file("payload_invalid", str(error), file, payload))
            seen += 1
            continue
        seen += judged.height
        good.append(judged.filter(pl.col("reason").is_null()).select(list(columns)))
        rejects += _rejects(judged.filter(pl.col("reason").is_not_null()), table, file)
    rows = pl.concat(good, rechunk=False)
    latest = latest_of_each(rows, table.entity.key)
    parts = list(latest.iter_slices(PART_ROWS))
    return balanced(parts, rejects, seen=seen, superseded=rows.height - latest.height)


def _judge(payload: bytes, table: Table, day: date) -> pl.DataFrame:
    """Rows of the source beside their typed columns, their place in the file, and the reason why they do not pass."""
    rows = unwrap(pl.read_parquet(BytesIO(payload), columns=table.sources)).select(pl.all().name.prefix(RAW))
    typed = rows.lazy().with_row_index("position").with_columns(**table.typed(day))
    broken = [pl.when(rule.broken).then(pl.lit(number)) for number, rule in enumerate(table.rules)]
    return typed.with_columns(reason=pl.coalesce(broken)).collect()


def _rejects(bad: pl.DataFrame, table: Table, file: RawFile) -> Iterator[Reject]:
    came = bad.select(raw(name).alias(name) for name in table.sources)
    payloads = came.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    shown = came.select(pl.all().cast(pl.String))
    for index, (position, number) in enumerate(bad.select("position", "reason").iter_rows()):
        rule = table.rules[number]
        value = shown[index, rule.source]
        detail = None if value is None else f"{rule.source} is {value}"
        yield Reject(rule.reason, detail, file.name, position, payloads[index][:PAYLOAD_CHARACTERS])
