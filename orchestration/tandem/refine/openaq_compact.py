"""The quick way through OpenAQ's measurement payloads as its servers write them: compact JSON, keys in a fixed order.

In such a payload only the value is new in every row; the times are the same for many sensors, and what stands between
is one of a few texts. So a payload is cut at its times, each text that occurs is parsed once as JSON, each pair of
times once, and only values are read row by row: half the work of a parser that goes through every row. Nothing is
guessed: the cut cannot lie inside a JSON string (its quotes would be escaped), every byte between the cuts is
accounted for, and what departs from the pattern by one byte is left to the general parser.

    …{"value":1.5,<head>"datetimeFrom":{"utc":"<span><rest>"datetimeFrom":{"utc":"<span>"}}},{"value":2.5,<head>…
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

CUT = '"datetimeFrom":{"utc":"'
NEXT_ROW = '"}}},{"value":'
LAST_ROW = '"}}}]}'
RESULTS = b'"results":['
NUMBER = r"^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|null)$"

UTC, LOCAL = len("2024-01-29T15:00:00Z"), len("2024-01-29T22:00:00+07:00")
TO_LOCAL, TO_END = '","local":"', '"},"datetimeTo":{"utc":"'
START_LOCAL = UTC + len(TO_LOCAL)
END_UTC = START_LOCAL + LOCAL + len(TO_END)
END_LOCAL = END_UTC + START_LOCAL
SPAN = END_LOCAL + LOCAL

MAX_TEXTS = 2000
HEAD = {"has_flags": pl.Boolean, "parameter": pl.String, "unit": pl.String, "period_label": pl.String}
REST = {"expected_count": pl.Int64, "observed_count": pl.Int64, "latitude": pl.Float64, "longitude": pl.Float64}


def parse_compact(payloads: Mapping[int, bytes]) -> pl.DataFrame | None:
    """The rows of those payloads that follow the pattern, None when there are none.

    Columns: file, position, value, the period's four times, and those of `HEAD` and `REST`.
    """
    heads = {index: head for index, payload in payloads.items() if (head := _first_head(payload))}
    if not heads:
        return None
    rows = _rows(_cut({index: payloads[index] for index in heads}, heads))
    texts = {column: rows[column].unique() for column in ("head", "rest", "span")}
    if max(texts["head"].len(), texts["rest"].len()) > MAX_TEXTS:
        return None
    known = _known(texts["head"], HEAD, _read_head), _known(texts["rest"], REST, _read_rest), _spans(texts["span"])
    for table in known:
        rows = rows.join(table, on=table.columns[0], how="left", maintain_order="left")
    regular = pl.all_horizontal("regular", "head_known", "rest_known", "span_known").fill_null(False)
    odd = rows.filter(~regular)["file"].unique()
    return rows.filter(~pl.col("file").is_in(odd.implode())) if odd.len() else rows


def as_utc(column: pl.Expr) -> pl.Expr:
    """Text as a time; null unless it is written `2024-01-29T15:00:00Z`."""
    usual = pl.when(column.str.len_bytes() == UTC).then(column)
    return usual.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", strict=False, cache=False)


def as_wall_clock(column: pl.Expr) -> pl.Expr:
    """Text as a time, its offset dropped; null unless it is written `2024-01-29T22:00:00+07:00`."""
    usual = pl.when(column.str.len_bytes() == LOCAL).then(column.str.head(LOCAL - len("+07:00")))
    return usual.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False)


def _first_head(payload: bytes) -> str | None:
    """What comes before the first times of a payload, made to look like what comes before those of later rows."""
    cut = payload.find(CUT.encode())
    start = payload.find(RESULTS, 0, max(cut, 0))
    try:
        if start < 0 or not isinstance(json.loads(payload[:start] + RESULTS + b"]}"), dict):
            return None
        return '"}}},' + payload[start + len(RESULTS) : cut].decode()
    except (ValueError, RecursionError):
        return None


def _cut(payloads: Mapping[int, bytes], heads: Mapping[int, str]) -> pl.DataFrame:
    """One line per row: the texts before its times and behind them, and both pairs of times."""
    content = pl.Series([payload.rstrip() for payload in payloads.values()], dtype=pl.Binary)
    pieces = _as_text(content).str.split(CUT).list.slice(1)
    table = pl.DataFrame({"file": list(payloads), "first": [heads[index] for index in payloads], "pieces": pieces})
    table = table.filter(pl.col("pieces").list.len() % 2 == 0)
    count = pl.col("pieces").list.len() // 2
    # Cutting by bytes is quicker than by characters, and the times are ASCII or not known.
    pieces = table["pieces"].explode(empty_as_null=False, keep_nulls=False).cast(pl.Binary)
    period, coverage = pieces.gather_every(2), pieces.gather_every(2, 1)
    rows = table.select("file", "first", count=count, position=pl.int_ranges(count, dtype=pl.Int64)).explode("position")
    after = _as_text(coverage.bin.slice(SPAN))
    return rows.with_columns(
        before=pl.when(pl.col("position") == 0).then("first").otherwise(after.shift(1)),
        span=_as_text(period.bin.head(SPAN)),
        rest=_as_text(period.bin.slice(SPAN)),
        same_span=period.bin.head(SPAN) == coverage.bin.head(SPAN),
        ends_well=(after == LAST_ROW) | (pl.col("position") < pl.col("count") - 1),
    )


def _as_text(content: pl.Series) -> pl.Series:
    """Bytes as text; null where they are no UTF-8, on which Polars fails even if told not to be strict."""
    try:
        return content.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series([_decoded(item) for item in content], dtype=pl.String)


def _decoded(item: bytes | None) -> str | None:
    try:
        return None if item is None else item.decode()
    except UnicodeDecodeError:
        return None


def _rows(cut: pl.DataFrame) -> pl.DataFrame:
    """The value of each row, the texts around it, and whether all else is as it should be."""
    body = cut["before"].str.slice(len(NEXT_ROW))
    comma = body.str.find(",", literal=True)
    number = body.str.head(comma)
    value, head = number.cast(pl.Float64, strict=False), body.str.slice(comma + 1)
    readable = number.str.contains(NUMBER) & value.is_finite().fill_null(number == "null")
    follows = pl.col("before").str.starts_with(NEXT_ROW)
    regular = pl.all_horizontal("same_span", "ends_well", follows, readable)
    return cut.select("file", "position", "span", "rest", value=value, head=head, regular=regular)


def _spans(texts: pl.Series) -> pl.DataFrame:
    """The four times of each text that is a period; they are null, and the text not known, where it is none."""
    part = pl.col(texts.name).str.slice
    times = {
        "period_start_utc": as_utc(part(0, UTC)),
        "period_end_utc": as_utc(part(END_UTC, UTC)),
        "period_start_local": as_wall_clock(part(START_LOCAL, LOCAL)),
        "period_end_local": as_wall_clock(part(END_LOCAL, LOCAL)),
    }
    between = (
        part(UTC, len(TO_LOCAL)) == TO_LOCAL,
        part(START_LOCAL + LOCAL, len(TO_END)) == TO_END,
        part(END_UTC + UTC, len(TO_LOCAL)) == TO_LOCAL,
    )
    table = texts.drop_nulls().to_frame().with_columns(**times)
    known = pl.all_horizontal(*between, *(pl.col(name).is_not_null() for name in times))
    return table.with_columns(known.alias(f"{texts.name}_known"))


def _known(texts: pl.Series, types: Mapping[str, Any], read: Callable[[str], tuple[Any, ...] | None]) -> pl.DataFrame:
    """What the texts say, parsed; those that do not fit the pattern are left out."""
    found = [(text, True, *values) for text in texts.drop_nulls() if (values := read(text)) is not None]
    schema = {texts.name: pl.String, f"{texts.name}_known": pl.Boolean, **types}
    return pl.DataFrame(found, schema=schema, orient="row")


def _read_head(text: str) -> tuple[Any, ...] | None:
    """From behind the value to the first times: `"flagInfo":…,"period":{"label":"raw","interval":"01:00:00",`."""
    try:
        row = json.loads("{" + text + '"datetimeFrom":null}}')
        flag, parameter, period = row.pop("flagInfo"), row.pop("parameter"), row.pop("period")
        values = flag["hasFlags"], parameter["name"], parameter["units"], period["label"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    fits = not row and "datetimeFrom" in period and "datetimeTo" not in period and isinstance(values[0], bool)
    return values if fits and all(isinstance(value, str) for value in values[1:]) else None


def _read_rest(text: str) -> tuple[Any, ...] | None:
    """From behind the period to the times of the coverage: `"}},"coordinates":…,"coverage":{"expectedCount":1,…,`."""
    try:
        row = json.loads('{"period":{"datetimeTo":{"local":"' + text + '"datetimeFrom":null}}')
        coordinates, coverage = row["coordinates"] or {"latitude": None, "longitude": None}, row["coverage"]
        counts = coverage["expectedCount"], coverage["observedCount"]
        where = coordinates["latitude"], coordinates["longitude"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    fits = row.keys() == {"period", "coordinates", "summary", "coverage"} and "datetimeFrom" in coverage
    whole = all(type(count) is int and abs(count) < 2**63 for count in counts)
    return (*counts, *where) if fits and whole and all(type(part) in (float, type(None)) for part in where) else None
