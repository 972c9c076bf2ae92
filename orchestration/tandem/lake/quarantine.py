"""The quarantine zone: what could not become a row, with its reason and its origin, countable and replayable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from tandem.lake.manifest import Manifest, list_partitions, read_manifest, read_manifests
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import polars_schema, read_commit, write_commit
from tandem.lake.store import Store
from tandem.schemas import Column, Entity, Type

_COLUMNS = (
    Column("reason", Type.STRING, "Why it was set aside, one word: value_missing, unit_unknown, …", nullable=False),
    Column("detail", Type.STRING, "What exactly was wrong."),
    Column("origin", Type.STRING, "The raw file it comes from.", nullable=False),
    Column("position", Type.BIGINT, "Its place in that file, from 0; null for the file as a whole."),
    Column("payload", Type.STRING, "What was set aside, as it came."),
)


def _rejects_of(partition: Partition) -> Entity:
    return Entity(partition.system, partition.entity, "Rows set aside.", "as the entity", (), _COLUMNS)


REJECTS_SCHEMA = polars_schema(Entity("", "", "", "", (), _COLUMNS))


def write_rejects(
    store: Store, partition: Partition, rejects: pl.DataFrame, *, inputs: Mapping[str, str]
) -> Manifest | None:
    """Commit what a partition's refining set aside, in place of what was set aside before.

    Nothing set aside, now or before: nothing is written and None is returned.
    Raises LakeError when the frame has not REJECTS_SCHEMA, and Conflict.
    """
    if rejects.is_empty() and read_manifest(store, Zone.QUARANTINE, partition) is None:
        return None
    return write_commit(
        store,
        partition,
        _rejects_of(partition),
        [rejects],
        inputs=inputs,
        counts={"quarantined": rejects.height},
        reasons=dict(rejects["reason"].value_counts().sort("reason").iter_rows()),
        zone=Zone.QUARANTINE,
    )


def list_rejects(store: Store, system: str | None = None) -> list[tuple[Partition, dict[str, int]]]:
    """The partitions that have something set aside, with how many for which reason."""
    partitions = [
        partition
        for name, entity in _feeds(store, system)
        for partition in list_partitions(store, Zone.QUARANTINE, name, entity)
    ]
    manifests = read_manifests(store, Zone.QUARANTINE, partitions)
    return [(manifest.partition, manifest.reasons) for manifest in manifests if manifest.rows]


def read_rejects(store: Store, partition: Partition) -> pl.DataFrame:
    """What a partition has set aside; no rows when nothing."""
    found = read_manifest(store, Zone.QUARANTINE, partition)
    return read_commit(store, found[0]) if found else REJECTS_SCHEMA.to_frame()


def _feeds(store: Store, system: str | None) -> Iterator[tuple[str, str]]:
    systems = [f"{Zone.QUARANTINE}/{system}"] if system else store.folders(Zone.QUARANTINE)
    for folder in systems:
        for path in store.folders(folder):
            _zone, name, entity = path.split("/")
            yield name, entity
