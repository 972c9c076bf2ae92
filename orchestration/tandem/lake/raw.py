"""The raw zone: exact payloads as a source served them, immutable, one attempt after another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from threading import Lock

from tandem.errors import LakeError
from tandem.lake.manifest import FileEntry, Manifest, commit_manifest, make_manifest, read_manifest, to_json
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Capture:
    """One attempt to capture a partition's payloads: `add` each, then `commit`. Use it from several threads.

    Without `commit` (killed, failed) readers keep what was current; the files that were written are orphans.
    """

    def __init__(self, store: Store, partition: Partition) -> None:
        self._store = store
        self._partition = partition
        self._folder = partition.folder(Zone.RAW)
        self._current = read_manifest(store, Zone.RAW, partition)
        self._there = self._sizes() if self._current else {}
        self._files: dict[str, FileEntry] = {}
        self._lock = Lock()

    def add(self, name: str, payload: bytes, origin: Mapping[str, object]) -> FileEntry:
        """Write one payload as `<name>.<hash>.json`, unless an earlier attempt already did.

        Raises LakeError when the name was used in this attempt for other bytes.
        """
        if not _NAME.fullmatch(name):
            raise LakeError(f"{name!r} cannot name a raw file. Allowed: letters, digits and . _ -")
        sha256 = hashlib.sha256(payload).hexdigest()
        entry = FileEntry(f"{name}.{sha256[:16]}.json", len(payload), None, sha256, dict(origin))
        self._register(name, entry)
        path = f"{self._folder}/{entry.name}"
        if self._there.get(path) != entry.bytes:
            self._store.put(path, payload)
        return entry

    def commit(self) -> Manifest:
        """Make this attempt the current one and return its manifest; raises Conflict.

        The commit's id comes from names and contents: an attempt that found nothing new writes nothing.
        """
        files = [self._files[name] for name in sorted(self._files)]
        commit = _identify(files)
        if self._current and self._current[0].commit == commit:
            return self._current[0]
        manifest = make_manifest(Zone.RAW, self._partition, commit, files)
        attempt = f"{self._folder}/attempt-{commit}.json"
        if self._store.size(attempt) is None:
            self._store.put(attempt, to_json(manifest))
        return commit_manifest(self._store, manifest, self._current)

    def _sizes(self) -> dict[str, int]:
        # Sizes, so that a file that was damaged or lost since is written again.
        return {item.path: item.bytes for item in self._store.list(self._folder)}

    def _register(self, name: str, entry: FileEntry) -> None:
        with self._lock:
            if self._files.setdefault(name, entry).sha256 != entry.sha256:
                raise LakeError(f"Two different payloads are called {name!r} in one capture of {self._partition.key}.")


def _identify(files: list[FileEntry]) -> str:
    text = "\n".join(f"{entry.name} {entry.sha256}" for entry in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
