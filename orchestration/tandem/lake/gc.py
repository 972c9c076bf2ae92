"""Removal of what no reader needs any more: old commits, orphan files, temporary files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

from tandem.lake.manifest import CURRENT, Manifest, from_json, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Listed, Store, in_parallel

_DEPTH_OF_A_PARTITION = 6


@dataclass(frozen=True)
class Collected:
    """What was removed."""

    files: int
    bytes: int


def collect(store: Store, *, keep: frozenset[tuple[Partition, str]], older_than_seconds: float) -> Collected:
    """Remove old commits, raw files that no attempt names, and temporary files of killed writers.

    `keep` names further commits that somebody still reads. Younger files stay: a run may be about to commit them. So
    do the earlier commits of a partition whose current one is younger: a query that began before may be reading them.
    Raw attempts are history and stay. Call it while holding the lease: it takes none itself.
    """
    before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
    garbage = [item for zone in Zone for item in _garbage(store, zone, keep, before) if item.modified < before]
    leftovers = [item for item in store.leftovers() if item.modified < before]
    store.delete(item.path for item in garbage)
    store.remove_leftovers(item.path for item in leftovers)
    removed = [*garbage, *leftovers]
    return Collected(len(removed), sum(item.bytes for item in removed))


def _garbage(store: Store, zone: Zone, keep: frozenset[tuple[Partition, str]], before: datetime) -> list[Listed]:
    # Files are listed before manifests are read: what is committed in between is then seen as current.
    folders = _by_partition(store, zone)

    def unused_in(partition: Partition) -> list[Listed]:
        found = read_manifest(store, zone, partition)
        current = [found[0]] if found else []
        if zone is Zone.RAW:
            return _orphans(store, current, folders[partition])
        if any(manifest.written_at >= before for manifest in current):
            return []
        commits = {manifest.commit for manifest in current} | {commit for kept, commit in keep if kept == partition}
        return [item for item in folders[partition] if (commit := _commit_of(item.path)) and commit not in commits]

    unused = in_parallel(unused_in, list(folders))
    return [item for items in unused for item in items]


def _by_partition(store: Store, zone: Zone) -> dict[Partition, list[Listed]]:
    folders: dict[Partition, list[Listed]] = defaultdict(list)
    for item in store.list(zone):
        # What lies elsewhere is not Tandem's to remove.
        with suppress(ValueError):
            folders[Partition.from_path(item.path)].append(item)
    return folders


def _orphans(store: Store, current: Iterable[Manifest], items: list[Listed]) -> list[Listed]:
    attempts = [item.path for item in items if item.path.rpartition("/")[2].startswith("attempt-")]
    manifests = (from_json(data) for path in attempts if (data := store.get(path)))
    named = {path for manifest in chain(current, manifests) for path in manifest.paths}
    named.update(attempts)
    return [item for item in items if item.path not in named and not item.path.endswith(f"/{CURRENT}")]


def _commit_of(path: str) -> str:
    folder = path.split("/")[_DEPTH_OF_A_PARTITION]
    return folder.removeprefix("commit=") if folder.startswith("commit=") else ""
