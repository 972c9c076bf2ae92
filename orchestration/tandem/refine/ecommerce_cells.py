"""The cells of a table as PostgreSQL gave them, as typed values: null for what is no such value.

Every function takes the name of a column of the source and gives an expression over the rows that `unwrap` made.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from tandem.schemas import Column, Decimal, Type

# The years 1 to 9999 in microseconds since 1970.
_FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 1_000_000
_ADDRESS = r"^[^\s@]+@[^\s@]+\.[^\s@.]+$"


def unwrap(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without what only ADBC understands.

    Numerics, enumerations and others that Arrow has no type for come as extension types, some of them as bytes.
    An infinite time comes as a point in time that no calendar has, on which other steps would break: it is null here.
    """
    wrapped = [name for name, kind in rows.schema.items() if isinstance(kind, pl.BaseExtension)]
    times = pl.col(pl.Datetime)
    return rows.with_columns(pl.col(wrapped).ext.storage()).with_columns(
        pl.col(pl.Binary).cast(pl.String), pl.when(times.dt.epoch("us").is_between(_FIRST, _LAST)).then(times)
    )


def cell(column: Column, source: str) -> pl.Expr:
    """A column of the source as the declared type, by the rule of that type."""
    if isinstance(column.type, Decimal):
        return decimal(source, column.type)
    return _BY_TYPE[column.type](source)


def text(source: str) -> pl.Expr:
    """Text without spaces around it; null when nothing is left."""
    stripped = raw(source).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def whole(source: str) -> pl.Expr:
    """A whole number."""
    return raw(source).cast(pl.Int64, strict=False)


def truth(source: str) -> pl.Expr:
    """True or false."""
    return raw(source).cast(pl.Boolean, strict=False)


def moment(source: str) -> pl.Expr:
    """A point in time in UTC, to the millisecond below; without a zone it is UTC."""
    # A naive time is taken as UTC by the conversion.
    utc = raw(source).dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return utc.cast(pl.Datetime("us")).dt.truncate("1ms")


def decimal(source: str, declared: Decimal) -> pl.Expr:
    """An exact number of the declared digits; null for what has more: a cast alone would round, or overflow."""
    before, after = declared.precision - declared.scale, declared.scale
    fits = rf"^[+-]?0*[0-9]{{1,{before}}}(\.[0-9]{{0,{after}}}0*)?$"
    return pl.when(text(source).str.contains(fits)).then(text(source)).cast(pl.Decimal(declared.precision, after))


def email(source: str) -> pl.Expr:
    """An e-mail address in lower case; null for what has not the form of one."""
    lower = text(source).str.to_lowercase()
    return pl.when(lower.str.contains(_ADDRESS)).then(lower)


def slug(source: str) -> pl.Expr:
    """Text in lower case, spaces within it as one underscore."""
    return text(source).str.to_lowercase().str.replace_all(r"\s+", "_")


def raw(source: str) -> pl.Expr:
    """A column of the source as it came."""
    return pl.col(f"{RAW}{source}")


RAW = "raw."
_BY_TYPE = {Type.STRING: text, Type.BIGINT: whole, Type.BOOLEAN: truth, Type.TIMESTAMP: moment}
