"""The processed zone: typed Parquet, written as commits of whole partitions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO

import polars as pl

from tandem.errors import LakeError
from tandem.lake.manifest import FileEntry, Manifest, commit_manifest, make_manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store, in_parallel
from tandem.schemas import Decimal, Entity, Type

_TYPES: dict[Type, pl.DataType] = {
    Type.STRING: pl.String(),
    Type.BIGINT: pl.Int64(),
    Type.DOUBLE: pl.Float64(),
    Type.BOOLEAN: pl.Boolean(),
    Type.DATE: pl.Date(),
    Type.TIMESTAMP: pl.Datetime("us"),
}


def polars_schema(entity: Entity) -> pl.Schema:
    """The declared columns as Polars types, in order."""
    return pl.Schema({column.name: _polars_type(column.type) for column in entity.columns})


def write_commit(
    store: Store,
    partition: Partition,
    entity: Entity,
    frames: Sequence[pl.DataFrame],
    *,
    inputs: Mapping[str, str],
    counts: Mapping[str, int],
    reasons: Mapping[str, int],
    zone: Zone = Zone.PROCESSED,
) -> Manifest:
    """Write the rows of a partition, one file per frame, and make them its current commit.

    The commit's id comes from the files' bytes and the schema: the same rows give the same commit and no file is
    written again. No rows at all give a file with zero rows. Raises LakeError when a frame is not as declared,
    Conflict when another run committed the partition meanwhile.
    """
    current = read_manifest(store, zone, partition)
    for frame in frames:
        check_frame(frame, partition, entity)
    filled = [frame for frame in frames if not frame.is_empty()]
    parts = [(frame.height, to_parquet(frame)) for frame in filled or [polars_schema(entity).to_frame()]]
    commit, files = _describe(parts, entity)
    manifest = make_manifest(
        zone, partition, commit, files, schema=entity.fingerprint, inputs=inputs, counts=counts, reasons=reasons
    )
    if current is None or current[0].commit != commit or not is_intact(store, manifest):
        pairs = zip(manifest.paths, parts, strict=True)
        in_parallel(lambda pair: store.put(pair[0], pair[1][1]), pairs)
    return commit_manifest(store, manifest, current)


def read_commit(store: Store, manifest: Manifest) -> pl.DataFrame:
    """All rows of a commit; raises LakeError when a file is gone or damaged."""
    return pl.concat([pl.read_parquet(BytesIO(data)) for _entry, data in read_files(store, manifest)])


def is_intact(store: Store, manifest: Manifest) -> bool:
    """Whether all files of a commit are there with their size."""
    return in_parallel(store.size, manifest.paths) == [entry.bytes for entry in manifest.files]


def check_frame(frame: pl.DataFrame, partition: Partition, entity: Entity) -> None:
    """Raise LakeError unless a frame has the declared columns, types and values, all of this partition's day."""
    where = f"{entity.system}/{entity.name}, partition {partition.key}"
    expected = polars_schema(entity)
    if frame.schema != expected:
        raise LakeError(f"The rows of {where} are not as declared: {_difference(frame.schema, expected)}.")
    nulls = [c.name for c in entity.columns if not c.nullable and frame[c.name].null_count()]
    if nulls:
        raise LakeError(f"The rows of {where} have nulls in columns declared not null: {', '.join(nulls)}.")
    if "partition_date" in expected and not frame.filter(pl.col("partition_date") != partition.day).is_empty():
        raise LakeError(f"The rows of {where} have a partition_date that is not the partition's day.")


def to_parquet(frame: pl.DataFrame) -> bytes:
    """A frame as one Parquet file: Snappy, with statistics; equal frames give equal bytes."""
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="snappy", statistics=True)
    return buffer.getvalue()


def _describe(parts: Sequence[tuple[int, bytes]], entity: Entity) -> tuple[str, list[FileEntry]]:
    hashes = [hashlib.sha256(data).hexdigest() for _rows, data in parts]
    commit = hashlib.sha256("\n".join([entity.fingerprint, *hashes]).encode()).hexdigest()[:16]
    files = [
        FileEntry(f"commit={commit}/part-{number:04}.parquet", len(data), rows, sha256)
        for number, ((rows, data), sha256) in enumerate(zip(parts, hashes, strict=True))
    ]
    return commit, files


def _polars_type(declared: Type | Decimal) -> pl.DataType:
    if isinstance(declared, Decimal):
        return pl.Decimal(declared.precision, declared.scale)
    return _TYPES[declared]


def _difference(got: pl.Schema, expected: pl.Schema) -> str:
    if list(got) == list(expected):
        wrong = [name for name in expected if got[name] != expected[name]]
        return ", ".join(f"{name} is {got[name]}, declared {expected[name]}" for name in wrong)
    missing = [name for name in expected if name not in got]
    extra = [name for name in got if name not in expected]
    return f"missing {missing}, unknown {extra}" if missing or extra else f"columns in order {list(got)}"
