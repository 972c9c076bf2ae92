"""A second lake with the same commits: what is compared must be built from the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tandem.lake.manifest import CURRENT, from_json, list_partitions, read_files
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import is_intact
from tandem.lake.store import Store, in_parallel


def mirror(source: Store, destination: Store, zone: Zone, systems: Iterable[str]) -> int:
    """Make the current commits of a zone the same in `destination`, byte for byte; returns partitions changed.

    A partition's manifest is written after its files, so a mirror that was cut off shows the old commit, and the next
    one goes on. Partitions that the source no longer has are removed. Old commits stay, for `collect`.
    Raises LakeError when a file of the source is gone or damaged.
    """
    return sum(_mirror(source, destination, zone, system) for system in systems)


def _mirror(source: Store, destination: Store, zone: Zone, system: str) -> int:
    wanted, present = _partitions(source, zone, system), _partitions(destination, zone, system)
    copied = in_parallel(partial(_copy, source, destination, zone), wanted)
    surplus = sorted(set(present) - set(wanted))
    for partition in surplus:
        _remove(destination, partition.folder(zone))
    return sum(copied) + len(surplus)


def _partitions(store: Store, zone: Zone, system: str) -> list[Partition]:
    entities = [folder.rpartition("/")[2] for folder in store.folders(f"{zone}/{system}")]
    return [partition for entity in entities for partition in list_partitions(store, zone, system, entity)]


def _copy(source: Store, destination: Store, zone: Zone, partition: Partition) -> bool:
    path = f"{partition.folder(zone)}/{CURRENT}"
    wanted = source.get(path)
    if wanted is None:  # removed since it was listed: the next mirror sees that
        return False
    manifest = from_json(wanted)
    intact = is_intact(destination, manifest)
    if intact and destination.get(path) == wanted:
        return False
    for entry, data in read_files(source, manifest) if not intact else ():
        destination.put(manifest.path(entry), data)
    destination.put(path, wanted)
    return True


def _remove(store: Store, folder: str) -> None:
    # The manifest first: without it the partition is gone for every reader.
    store.delete([f"{folder}/{CURRENT}"])
    store.delete(item.path for item in store.list(folder))
