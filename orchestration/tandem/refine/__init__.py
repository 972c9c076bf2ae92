"""Refining: the raw payloads of one partition become typed rows in processed and rejects in quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path

from tandem.errors import LakeError
from tandem.lake.manifest import FileEntry, Manifest, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import is_intact, write_commit
from tandem.lake.quarantine import write_rejects
from tandem.lake.store import Store
from tandem.refine.refined import RawFile, Refined
from tandem.schemas import SYSTEMS, Entity


def refine_partition(store: Store, entity: Entity, day: date, *, force: bool = False) -> Manifest | None:
    """Refine one day of an entity and make the result its current commit; None when nothing was captured.

    Does nothing when the current commit was made of the same capture by the same schema and code, unless forced.
    Raises LakeError when a captured file is gone or damaged, Conflict when another run was first.
    """
    raw = read_manifest(store, Zone.RAW, Partition(entity.system, entity.feed, day))
    if raw is None:
        return None
    partition = Partition(entity.system, entity.name, day)
    inputs = {"raw": raw[0].commit, "schema": entity.fingerprint, "code": code_fingerprint(entity.system)}
    current = read_manifest(store, Zone.PROCESSED, partition)
    if current and not force and current[0].inputs == inputs and is_intact(store, current[0]):
        return current[0]
    refined = _refiner(entity)([raw_file(store, raw[0], entry) for entry in raw[0].files], day)
    # Quarantine first: a run that dies in between leaves processed as it was, so the next run does both again.
    write_rejects(store, partition, refined.rejects, inputs=inputs)
    return write_commit(
        store, partition, entity, refined.frames, inputs=inputs, counts=refined.counts, reasons=refined.reasons
    )


def raw_file(store: Store, manifest: Manifest, entry: FileEntry) -> RawFile:
    """A file of a raw commit, read only when asked for; reading raises LakeError when it is gone or cut."""
    return RawFile(entry.name, entry.origin, lambda: _read(store, manifest, entry), entry.bytes)


@cache
def code_fingerprint(system: str) -> str:
    """Hash of the code that refines a system: when it changes, its partitions are refined again."""
    # A file of another system begins with its name; all else is shared.
    others = set(SYSTEMS) - {system}
    files = sorted(file for file in Path(__file__).parent.glob("*.py") if file.stem.split("_")[0] not in others)
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _read(store: Store, manifest: Manifest, entry: FileEntry) -> bytes:
    # The length, not the hash: hashing costs as much as a third of all the rest of refining.
    data = store.get(manifest.path(entry))
    if data is None or len(data) != entry.bytes:
        what = "is missing" if data is None else f"has {len(data)} bytes instead of {entry.bytes}"
        raise LakeError(f"{store.uri(manifest.path(entry))} {what}. Extract {manifest.partition.key} again.")
    return data


def _refiner(entity: Entity) -> Callable[[list[RawFile], date], Refined]:
    refiner: Callable[[list[RawFile], date], Refined]
    refiner = getattr(import_module(f"tandem.refine.{entity.system}"), f"refine_{entity.name}")
    return refiner


__all__ = ["RawFile", "Refined", "code_fingerprint", "raw_file", "refine_partition"]
