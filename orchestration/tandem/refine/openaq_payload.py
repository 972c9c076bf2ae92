"""OpenAQ's measurement payloads as one flat table, before any rule is applied.

Two ways lead there. The fast one hands whole payloads to a columnar JSON parser with a strict schema. A payload that
the parser refuses, or that has a row with times in another notation, goes row by row through the tolerant one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tandem.refine.json_values import nested, number, text, truth, whole
from tandem.refine.openaq_compact import as_utc, as_wall_clock, parse_compact

_TIMES = pl.Struct({"utc": pl.String, "local": pl.String})
_ROW = pl.Struct(
    {
        "value": pl.Float64,
        "flagInfo": pl.Struct({"hasFlags": pl.Boolean}),
        "parameter": pl.Struct({"name": pl.String, "units": pl.String}),
        "period": pl.Struct({"label": pl.String, "datetimeFrom": _TIMES, "datetimeTo": _TIMES}),
        "coordinates": pl.Struct({"latitude": pl.Float64, "longitude": pl.Float64}),
        "coverage": pl.Struct({"expectedCount": pl.Int64, "observedCount": pl.Int64}),
    }
)
_PAYLOAD = {"results": pl.List(_ROW)}

FLAT = pl.Schema(
    {
        "file": pl.Int64(),
        "position": pl.Int64(),
        "value": pl.Float64(),
        "parameter": pl.String(),
        "unit": pl.String(),
        "period_start_utc": pl.Datetime("us"),
        "period_end_utc": pl.Datetime("us"),
        "period_start_local": pl.Datetime("us"),
        "period_end_local": pl.Datetime("us"),
        "period_label": pl.String(),
        "has_flags": pl.Boolean(),
        "expected_count": pl.Int64(),
        "observed_count": pl.Int64(),
        "latitude": pl.Float64(),
        "longitude": pl.Float64(),
        "defect": pl.String(),
    }
)

_BOOLEAN_VALUE = re.compile(rb'"value"\s*:\s*[tf]')


def flatten(payloads: Sequence[bytes]) -> tuple[pl.DataFrame, dict[int, str]]:
    """The rows of several payloads, in order, and why a payload is none, by its index in the sequence.

    `defect` names what is wrong with a row that cannot be said in the other columns: row_invalid, value_not_a_number.
    """
    everything = dict(enumerate(payloads))
    compact = _flatten_compact(everything)
    others = _without(everything, compact["file"].unique())
    if not others:
        return compact, {}
    parsed = {index: rows for index, payload in others.items() if (rows := _parse(payload)) is not None}
    strict = _flatten(parsed)
    odd = _irregular(strict, payloads)
    tolerant, unusable = _flatten_tolerantly(_without(others, parsed.keys() - odd))
    tables = [compact, strict.filter(~pl.col("file").is_in(list(odd))), tolerant]
    return pl.concat(tables).sort("file", "position"), unusable


def load_results(payload: bytes) -> list[Any]:
    """The elements of `results`; raises ValueError that says why this is not a v3 payload."""
    try:
        content = json.loads(payload)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        raise ValueError("not an object with an array `results`")  # noqa: TRY004 (wrong data, not a wrong call)
    return results


def utc_time(value: object) -> datetime | None:
    """A point in time without zone, in UTC; an offset is applied, a time without one is taken as UTC."""
    moment = _time(value)
    try:
        return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else moment
    except OverflowError:
        return None


def wall_clock(value: object) -> datetime | None:
    """The time as it is written, its offset dropped."""
    moment = _time(value)
    return moment.replace(tzinfo=None) if moment else None


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _parse(payload: bytes) -> pl.Series | None:
    # The parser would take the first object of an array for the payload.
    if payload[:64].lstrip()[:1] != b"{":
        return None
    try:
        results = pl.read_json(payload, schema=_PAYLOAD)["results"]
    except pl.exceptions.PolarsError:
        return None
    return None if results.null_count() else results


def _without(payloads: Mapping[int, bytes], indices: Iterable[int]) -> dict[int, bytes]:
    done = set(indices)
    return {index: payload for index, payload in payloads.items() if index not in done}


def _flatten_compact(payloads: Mapping[int, bytes]) -> pl.DataFrame:
    rows = parse_compact(payloads)
    return FLAT.to_frame() if rows is None else rows.with_columns(defect=pl.lit(None, pl.String)).select(list(FLAT))


def _flatten(parsed: Mapping[int, pl.Series]) -> pl.DataFrame:
    filled = {index: results for index, results in parsed.items() if results.list.len()[0]}
    if not filled:
        return FLAT.to_frame()
    table = pl.DataFrame({"file": pl.Series(list(filled), dtype=pl.Int64), "row": pl.concat(list(filled.values()))})
    table = table.with_columns(position=pl.int_ranges(pl.col("row").list.len(), dtype=pl.Int64))
    return table.explode("row", "position").select(_columns())


def _columns() -> list[pl.Expr]:
    row = pl.col("row").struct
    period, coordinates, coverage = row.field("period").struct, row.field("coordinates"), row.field("coverage")
    start, end = period.field("datetimeFrom").struct, period.field("datetimeTo").struct
    columns = {
        "value": row.field("value"),
        "parameter": row.field("parameter").struct.field("name"),
        "unit": row.field("parameter").struct.field("units"),
        "period_start_utc": as_utc(start.field("utc")),
        "period_end_utc": as_utc(end.field("utc")),
        "period_start_local": as_wall_clock(start.field("local")),
        "period_end_local": as_wall_clock(end.field("local")),
        "period_label": period.field("label"),
        "has_flags": row.field("flagInfo").struct.field("hasFlags"),
        "expected_count": coverage.struct.field("expectedCount"),
        "observed_count": coverage.struct.field("observedCount"),
        "latitude": coordinates.struct.field("latitude"),
        "longitude": coordinates.struct.field("longitude"),
        "defect": pl.lit(None, pl.String),
    }
    return [pl.col("file"), pl.col("position"), *(expression.alias(name) for name, expression in columns.items())]


def _irregular(flat: pl.DataFrame, payloads: Sequence[bytes]) -> set[int]:
    times = pl.any_horizontal(pl.col("^period_(start|end)_(utc|local)$").is_null())
    odd = set(flat.filter(times)["file"].unique())
    # The parser reads true and false as 1 and 0.
    suspects = set(flat.filter(pl.col("value").is_in([0.0, 1.0]))["file"].unique()) - odd
    return odd | {index for index in suspects if _BOOLEAN_VALUE.search(payloads[index])}


def _flatten_tolerantly(payloads: Mapping[int, bytes]) -> tuple[pl.DataFrame, dict[int, str]]:
    rows: list[tuple[object, ...]] = []
    unusable: dict[int, str] = {}
    for index, payload in payloads.items():
        try:
            rows.extend(_flat_rows(index, load_results(payload)))
        except ValueError as error:
            unusable[index] = str(error)
    return pl.DataFrame(rows, schema=FLAT, orient="row"), unusable


def _flat_rows(index: int, results: Iterable[object]) -> Iterable[tuple[object, ...]]:
    for position, row in enumerate(results):
        yield (
            index,
            position,
            number(nested(row, "value")),
            text(nested(row, "parameter", "name")),
            text(nested(row, "parameter", "units")),
            utc_time(nested(row, "period", "datetimeFrom", "utc")),
            utc_time(nested(row, "period", "datetimeTo", "utc")),
            wall_clock(nested(row, "period", "datetimeFrom", "local")),
            wall_clock(nested(row, "period", "datetimeTo", "local")),
            text(nested(row, "period", "label")),
            truth(nested(row, "flagInfo", "hasFlags")),
            whole(nested(row, "coverage", "expectedCount")),
            whole(nested(row, "coverage", "observedCount")),
            number(nested(row, "coordinates", "latitude")),
            number(nested(row, "coordinates", "longitude")),
            _defect(row),
        )


def _defect(row: object) -> str | None:
    if not isinstance(row, dict):
        return "row_invalid"
    value = row.get("value")
    return "value_not_a_number" if value is not None and number(value) is None else None
