"""Of the rows with the same key the one that came last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import polars as pl


def latest_of_each(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """One row per key, the last one, sorted by key."""
    if _is_ordered(rows, key):
        return rows
    return rows.unique(key, keep="last", maintain_order=True).sort(key)


def _is_ordered(rows: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether rows are sorted by key without a repetition, as a source serves them on a good day: sorting costs."""

    def or_later(rest: pl.Expr, name: str) -> pl.Expr:
        column = pl.col(name)
        return (column > column.shift(1)) | ((column == column.shift(1)) & rest)

    return bool(rows.select(reduce(or_later, reversed(key), pl.lit(False)).all()).item())
