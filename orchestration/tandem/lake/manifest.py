"""Manifests: the small files that say which files are the current version of a partition.

Readers start here and never list a folder to find data. Replacing `_current.json` is the commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from tandem.errors import Conflict, LakeError
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store, in_parallel

CURRENT = "_current.json"


@dataclass(frozen=True)
class FileEntry:
    """One file of a commit; `name` is relative to the partition's folder, `origin` says where it came from."""

    name: str
    bytes: int
    rows: int | None
    sha256: str
    origin: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """One commit of a partition.

    `schema` is the fingerprint of the declared schema ("" in raw), `inputs` names what it was made from,
    `counts` and `reasons` say what became of the rows. `rows` is 0 in raw, where rows are not known.
    """

    zone: Zone
    partition: Partition
    commit: str
    files: tuple[FileEntry, ...]
    rows: int
    bytes: int
    schema: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    written_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def folder(self) -> str:
        """The partition's folder in the lake."""
        return self.partition.folder(self.zone)

    def path(self, entry: FileEntry) -> str:
        """Path of one of its files in the lake."""
        return f"{self.folder}/{entry.name}"

    @property
    def paths(self) -> list[str]:
        """Paths of all its files in the lake."""
        return [self.path(entry) for entry in self.files]

    def says_the_same_as(self, other: Manifest | None) -> bool:
        """Whether another manifest differs in nothing but the time it was written."""
        return other is not None and _content(self) == _content(other)


def to_json(manifest: Manifest) -> bytes:
    """A manifest as it is stored; equal manifests give equal bytes."""
    content = {**_content(manifest), "written_at": manifest.written_at.isoformat()}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode()


def from_json(data: bytes) -> Manifest:
    """Read what `to_json` wrote; raises LakeError for anything else."""
    try:
        content = json.loads(data)
        typed = {
            "zone": Zone(content["zone"]),
            "partition": Partition.parse(content["partition"]),
            "files": tuple(FileEntry(**entry) for entry in content["files"]),
            "written_at": datetime.fromisoformat(content["written_at"]),
        }
        return Manifest(**{**content, **typed})
    except (ValueError, KeyError, TypeError) as error:
        raise LakeError(f"It is not a manifest of this version of Tandem ({error!r}).") from error


def make_manifest(
    zone: Zone,
    partition: Partition,
    commit: str,
    files: Iterable[FileEntry],
    *,
    schema: str = "",
    inputs: Mapping[str, str] | None = None,
    counts: Mapping[str, int] | None = None,
    reasons: Mapping[str, int] | None = None,
) -> Manifest:
    """A manifest of these files, with its totals, written now."""
    entries = tuple(files)
    return Manifest(
        zone,
        partition,
        commit,
        entries,
        rows=sum(entry.rows or 0 for entry in entries),
        bytes=sum(entry.bytes for entry in entries),
        schema=schema,
        inputs=dict(inputs or {}),
        counts=dict(counts or {}),
        reasons=dict(reasons or {}),
    )


def read_manifest(store: Store, zone: Zone, partition: Partition) -> tuple[Manifest, str] | None:
    """The current manifest of a partition and its etag, None when the partition has no commit."""
    path = f"{partition.folder(zone)}/{CURRENT}"
    found = store.read(path)
    if found is None:
        return None
    try:
        return from_json(found[0]), found[1]
    except LakeError as error:
        raise LakeError(f"Cannot read {store.uri(path)}. {error} Remove it and run the partition again.") from error


def swap_manifest(store: Store, manifest: Manifest, etag: str | None) -> str:
    """Make a manifest the current one if the current one still has `etag`; returns the new etag, raises Conflict."""
    return store.swap(f"{manifest.folder}/{CURRENT}", to_json(manifest), etag)


def commit_manifest(store: Store, manifest: Manifest, current: tuple[Manifest, str] | None) -> Manifest:
    """Make a manifest the current one in place of `current`; writes nothing when it says the same.

    Raises Conflict when another run committed something else meanwhile.
    """
    if current is not None and manifest.says_the_same_as(current[0]):
        return current[0]
    try:
        swap_manifest(store, manifest, current[1] if current else None)
    except Conflict:
        theirs = read_manifest(store, manifest.zone, manifest.partition)
        if theirs is None or not manifest.says_the_same_as(theirs[0]):
            raise
        return theirs[0]
    return manifest


def list_partitions(store: Store, zone: Zone, system: str, entity: str) -> list[Partition]:
    """The partitions of an entity that have a commit, oldest first.

    Walks the folders of years, months and days; files are not listed, however many there are.
    """
    partitions = _folders(store, zone, system, entity)
    sizes = in_parallel(lambda partition: store.size(f"{partition.folder(zone)}/{CURRENT}"), partitions)
    return sorted(partition for partition, size in zip(partitions, sizes, strict=True) if size is not None)


def current_manifests(store: Store, zone: Zone, system: str, entity: str) -> list[Manifest]:
    """The current manifest of every partition of an entity, oldest first.

    What is not there shows when it is read, so this asks the store half as often as listing the partitions first.
    """
    return read_manifests(store, zone, sorted(_folders(store, zone, system, entity)))


def read_manifests(store: Store, zone: Zone, partitions: Iterable[Partition]) -> list[Manifest]:
    """The current manifests of partitions, in their order; those without a commit are left out."""
    found = in_parallel(lambda partition: read_manifest(store, zone, partition), partitions)
    return [pair[0] for pair in found if pair]


def read_file(store: Store, manifest: Manifest, entry: FileEntry) -> bytes:
    """The content of a committed file; raises LakeError when it is gone or not what was written."""
    data = store.get(manifest.path(entry))
    if data is None or hashlib.sha256(data).hexdigest() != entry.sha256:
        what = "is missing" if data is None else "is damaged"
        raise LakeError(
            f"{store.uri(manifest.path(entry))} {what}, though commit {manifest.commit} of "
            f"{manifest.zone}/{manifest.partition.key} names it. Run that partition again."
        )
    return data


def read_files(store: Store, manifest: Manifest) -> Iterator[tuple[FileEntry, bytes]]:
    """Every file of a commit with its content, one at a time; raises what `read_file` raises."""
    for entry in manifest.files:
        yield entry, read_file(store, manifest, entry)


def _folders(store: Store, zone: Zone, system: str, entity: str) -> list[Partition]:
    """The partitions that have a folder, though perhaps no commit, in no particular order."""
    folders = [f"{zone}/{system}/{entity}"]
    for _level in ("year", "month", "day"):
        folders = [child for children in in_parallel(store.folders, folders) for child in children]
    return [Partition.from_path(folder) for folder in folders]


def _content(manifest: Manifest) -> dict[str, Any]:
    content = asdict(manifest) | {"partition": manifest.partition.key, "zone": str(manifest.zone)}
    content["files"] = [asdict(entry) for entry in manifest.files]
    del content["written_at"]
    return content
