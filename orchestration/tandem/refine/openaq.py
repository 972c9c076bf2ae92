"""OpenAQ v3 payloads as typed rows.

Rules for measurements, in the order in which they are applied to a row:

1. What is not an object, or has no usable period (start before end), is set aside: row_invalid, period_invalid.
2. A row whose period ends on another UTC day (end less one microsecond) belongs to another partition: outside.
3. Set aside: value_missing, value_not_a_number, parameter_missing, unit_unknown, unit_unexpected (a unit in which the
   parameter is not measured), value_fault_code, value_out_of_bounds. Units and bounds: `openaq_bounds`.
4. Of the good rows with the same sensor and period the one that the source served last wins (pages in order, then
   place in the page); the others are superseded. So a bad revision does not remove a good reading.

Coordinates are null when unknown: missing, not numbers, off the globe, or 0, 0. Local time is the wall clock as the
source wrote it. A payload that is not a v3 answer is set aside as a whole: payload_invalid, sensor_unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import polars as pl

from tandem.lake.processed import polars_schema
from tandem.lake.store import in_parallel
from tandem.refine.latest import latest_of_each
from tandem.refine.openaq_bounds import FAULT_CODES, bounds, canonical_parameter, canonical_unit
from tandem.refine.openaq_payload import flatten, load_results
from tandem.refine.openaq_register import refine_locations, refine_sensors
from tandem.refine.refined import RawFile, Refined, Reject, as_text, balanced, page_of, reject_file
from tandem.schemas.openaq import MEASUREMENTS

COLUMNS = list(polars_schema(MEASUREMENTS))
KEY = list(MEASUREMENTS.key)
CHUNK_BYTES = 16_000_000
PART_ROWS = 500_000
NO_SENSOR = ("sensor_unknown", "the origin names no sensor")
WORKERS = min(4, (os.cpu_count() or 1) + 1)  # one more than cores: one of them is usually reading

_SENSOR_IN_PATH = re.compile(r"/sensors/(\d+)")


@dataclass(frozen=True)
class _Refined:
    """What became of some files."""

    frame: pl.DataFrame
    rejects: list[Reject]
    seen: int
    superseded: int
    outside: int


def refine_measurements(payloads: Iterable[RawFile], day: date) -> Refined:
    """The measurements whose period ends on a UTC day, sorted by sensor and period.

    Files are read and dropped in chunks, so memory holds the typed rows and a few chunks of payload, not the capture.
    """
    chunks = list(_chunks(payloads))
    with ThreadPoolExecutor(WORKERS) as pool:
        done = list(pool.map(lambda chunk: _refine_chunk(chunk, day), chunks))
    return balanced(
        _parts([chunk.frame for chunk in done]),
        [reject for chunk in done for reject in chunk.rejects],
        seen=sum(chunk.seen for chunk in done),
        superseded=sum(chunk.superseded for chunk in done),
        outside=sum(chunk.outside for chunk in done),
    )


def _sensor_id(file: RawFile) -> int:
    """The sensor a file was asked of, -1 when its origin does not say."""
    stated = file.origin.get("sensor_id")
    if isinstance(stated, int):
        return stated
    found = _SENSOR_IN_PATH.search(str(file.origin.get("path", "")))
    return int(found[1]) if found else -1


def _place(file: RawFile) -> tuple[int, int, str]:
    """Files in the order in which a sensor's rows were served."""
    return _sensor_id(file), page_of(file), file.name


def _chunks(files: Iterable[RawFile]) -> Iterator[list[RawFile]]:
    """Groups of files that never split a sensor, so that revisions meet within one group."""
    chunk: list[RawFile] = []
    size = 0
    for _sensor, group in groupby(sorted(files, key=_place), key=_sensor_id):
        if size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        pages = list(group)
        chunk += pages
        size += sum(page.bytes for page in pages)
    if chunk:
        yield chunk


def _refine_chunk(files: Sequence[RawFile], day: date) -> _Refined:
    payloads = in_parallel(lambda file: file.read(), files)
    flat, broken = flatten(payloads)
    sensors = [_sensor_id(file) for file in files]
    unusable = {index: ("payload_invalid", why) for index, why in broken.items()}
    unusable |= {index: NO_SENSOR for index, sensor in enumerate(sensors) if sensor < 0}
    flat = flat.filter(~pl.col("file").is_in(list(unusable))) if unusable else flat
    judged = _judge(flat.with_columns(sensor_id=pl.lit(pl.Series(sensors)).gather(pl.col("file"))), day)
    good = judged.filter(pl.col("reason").is_null())
    latest = latest_of_each(good, KEY)
    whole = [reject_file(*why, files[index], payloads[index]) for index, why in unusable.items()]
    bad = judged.filter(pl.col("reason").is_not_null(), pl.col("reason") != "outside")
    return _Refined(
        frame=latest.select(COLUMNS),
        rejects=whole + list(_reject_rows(bad, files, payloads)),
        seen=flat.height + len(unusable),
        superseded=good.height - latest.height,
        outside=judged.height - good.height - bad.height,
    )


def _judge(flat: pl.DataFrame, day: date) -> pl.DataFrame:
    """Rows in canonical units with what follows from their columns, and the reason why they do not pass."""
    end = pl.col("period_end_utc")
    known = _coordinates_known()
    return (
        flat.join(_limits(flat), on=["parameter", "unit"], how="left", nulls_equal=True, maintain_order="left")
        .drop("parameter", "unit")
        .rename({"canonical_parameter": "parameter", "canonical_unit": "unit"})
        .with_columns(
            partition_date=(end - pl.duration(microseconds=1)).dt.date(),
            period_seconds=(end - pl.col("period_start_utc")).dt.total_seconds(),
            latitude=pl.when(known).then("latitude"),
            longitude=pl.when(known).then("longitude"),
        )
        .with_columns(reason=_reason(day))
    )


def _coordinates_known() -> pl.Expr:
    latitude, longitude = pl.col("latitude"), pl.col("longitude")
    return latitude.is_between(-90, 90) & longitude.is_between(-180, 180) & ((latitude != 0) | (longitude != 0))


def _reason(day: date) -> pl.Expr:
    value = pl.col("value")
    in_bounds = value.is_between(pl.col("low"), pl.col("high"))
    return (
        pl.when(pl.col("defect") == "row_invalid")
        .then(pl.lit("row_invalid"))
        .when((pl.col("period_start_utc") < pl.col("period_end_utc")).not_().fill_null(True))
        .then(pl.lit("period_invalid"))
        .when(pl.col("partition_date") != day)
        .then(pl.lit("outside"))
        .when(pl.col("defect").is_not_null())
        .then("defect")
        .when(value.is_null())
        .then(pl.lit("value_missing"))
        .when(pl.col("fault").is_not_null())
        .then("fault")
        .when(value.is_in(pl.col("codes")))
        .then(pl.lit("value_fault_code"))
        .when(~in_bounds)
        .then(pl.lit("value_out_of_bounds"))
    )


def _limits(flat: pl.DataFrame) -> pl.DataFrame:
    """What the tables say of each parameter and unit that occurs; there are few, so this costs nothing."""
    pairs = flat.select("parameter", "unit").unique(maintain_order=True)
    schema: dict[str, Any] = {
        "parameter": pl.String,
        "unit": pl.String,
        "canonical_parameter": pl.String,
        "canonical_unit": pl.String,
        "fault": pl.String,
        "low": pl.Float64,
        "high": pl.Float64,
        "codes": pl.List(pl.Float64),
    }
    return pl.DataFrame([(*pair, *_limit(*pair)) for pair in pairs.iter_rows()], schema=schema, orient="row")


def _limit(parameter: str | None, unit: str | None) -> tuple[object, ...]:
    name, canonical = canonical_parameter(parameter), canonical_unit(unit)
    if name is None:
        return name, canonical, "parameter_missing", None, None, []
    if canonical is None:
        return name, canonical, "unit_unknown", None, None, []
    limits = bounds(name, canonical)
    if limits is None:
        return name, canonical, "unit_unexpected", None, None, []
    return name, canonical, None, *limits, list(FAULT_CODES.get((name, canonical), ()))


def _reject_rows(bad: pl.DataFrame, files: Sequence[RawFile], payloads: Sequence[bytes]) -> Iterator[Reject]:
    for (index,), rows in bad.group_by("file", maintain_order=True):
        assert isinstance(index, int)
        elements = load_results(payloads[index])
        for row in rows.iter_rows(named=True):
            position = row["position"]
            yield Reject(row["reason"], _detail(row), files[index].name, position, as_text(elements[position]))


def _detail(row: dict[str, object]) -> str | None:
    if row["reason"] == "value_out_of_bounds":
        return f"{row['value']} is not within {row['low']:g} to {row['high']:g} {row['unit']} for {row['parameter']}"
    if row["reason"] == "value_fault_code":
        return f"{row['value']} {row['unit']} is what a {row['parameter']} monitor reports when it fails"
    if row["reason"] == "unit_unexpected":
        return f"{row['parameter']} is not measured in {row['unit']}"
    return None


def _parts(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Frames joined to files of a useful size."""
    parts: list[pl.DataFrame] = []
    for frame in frames:
        if parts and parts[-1].height + frame.height <= PART_ROWS:
            parts[-1] = pl.concat([parts[-1], frame])
        else:
            parts.append(frame)
    return parts


__all__ = ["refine_locations", "refine_measurements", "refine_sensors"]
