"""The raw zone: exact payloads as a source served them, immutable, one attempt after another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from threading import Lock

from tandem.errors import LakeError
from tandem.lake.manifest import FileEntry, Manifest, commit_manifest, make_manifest, read_manifest, to_json
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store

ATTEMPT = "attempt"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Keep(Enum):
    """What of a partition's earlier attempts stays current beside a new one."""

    NONE = "nothing: the source can be asked again for the same day"
    NAMES = "files whose name the new attempt does not use"
    ALL = "every file: the source cannot give back what it said then"


class Capture:
    """One attempt to capture a partition's payloads: `add` each, then `commit`. Use it from several threads.

    Without `commit` (killed, failed) readers keep what was current; the files that were written are orphans.
    What is kept carries in its origin the number of the attempt that saw it last, the first being 1.
    """

    def __init__(self, store: Store, partition: Partition, keep: Keep = Keep.NONE) -> None:
        self._store = store
        self._partition = partition
        self._keep = keep
        self._folder = partition.folder(Zone.RAW)
        self._current = read_manifest(store, Zone.RAW, partition)
        self._there = self._sizes() if self._current else {}
        self._files: dict[str, FileEntry] = {}
        self._lock = Lock()

    def add(self, name: str, payload: bytes, origin: Mapping[str, object], suffix: str = "json") -> FileEntry:
        """Write one payload as `<name>.<hash>.<suffix>`, unless an earlier attempt already did.

        Raises LakeError when the name was used in this attempt for other bytes.
        """
        if not _NAME.fullmatch(name):
            raise LakeError(f"{name!r} cannot name a raw file. Allowed: letters, digits and . _ -")
        sha256 = hashlib.sha256(payload).hexdigest()
        entry = FileEntry(f"{name}.{sha256[:16]}.{suffix}", len(payload), None, sha256, dict(origin))
        self._register(name, entry)
        if not self._is_there(entry):
            self._store.put(f"{self._folder}/{entry.name}", payload)
        return entry

    def commit(self) -> Manifest:
        """Make this attempt, and what it keeps of earlier ones, current and return the manifest; raises Conflict.

        The commit's id comes from names and contents: an attempt that found nothing new writes nothing.
        """
        files = [self._files[name] for name in sorted(self._files)]
        if self._keep is not Keep.NONE:
            files = self._with_earlier(files)
        commit = _identify(files)
        if self._current and self._current[0].commit == commit:
            return self._current[0]
        manifest = make_manifest(Zone.RAW, self._partition, commit, files)
        attempt = f"{self._folder}/attempt-{commit}.json"
        if self._store.size(attempt) is None:
            self._store.put(attempt, to_json(manifest))
        return commit_manifest(self._store, manifest, self._current)

    @property
    def lost(self) -> list[str]:
        """Files of earlier attempts that are gone or cut and did not come again: a commit leaves them out."""
        earlier = self._current[0].files if self._current and self._keep is not Keep.NONE else ()
        came = {self._identity(entry) for entry in self._files.values()}
        return [e.name for e in earlier if self._identity(e) not in came and not self._is_there(e)]

    def _with_earlier(self, new: list[FileEntry]) -> list[FileEntry]:
        earlier = {entry.name: entry for entry in self._current[0].files} if self._current else {}
        last = max((_attempt(entry) for entry in earlier.values()), default=0)
        if all(entry.name in earlier and _attempt(earlier[entry.name]) == last for entry in new):
            mine = [earlier[entry.name] for entry in new]
        else:
            # All of them, also those seen before: what a source says last is newer than what it said in between.
            mine = [replace(entry, origin={**entry.origin, ATTEMPT: last + 1}) for entry in new]
        used = {self._identity(entry) for entry in mine}
        kept = [e for e in earlier.values() if self._identity(e) not in used and self._is_there(e)]
        return sorted([*mine, *kept], key=lambda entry: (_stem(entry), _attempt(entry), entry.name))

    def _identity(self, entry: FileEntry) -> str:
        return _stem(entry) if self._keep is Keep.NAMES else entry.name

    def _is_there(self, entry: FileEntry) -> bool:
        return self._there.get(f"{self._folder}/{entry.name}") == entry.bytes

    def _sizes(self) -> dict[str, int]:
        # Sizes, so that a file that was damaged or lost since is written again.
        return {item.path: item.bytes for item in self._store.list(self._folder)}

    def _register(self, name: str, entry: FileEntry) -> None:
        with self._lock:
            if self._files.setdefault(name, entry).sha256 != entry.sha256:
                raise LakeError(f"Two different payloads are called {name!r} in one capture of {self._partition.key}.")


def _stem(entry: FileEntry) -> str:
    """The name that a file was added by: without hash and suffix."""
    return entry.name.rsplit(".", 2)[0]


def _attempt(entry: FileEntry) -> int:
    return int(entry.origin.get(ATTEMPT, 0))


def _identify(files: list[FileEntry]) -> str:
    text = "\n".join(f"{entry.name} {entry.sha256} {entry.origin.get(ATTEMPT, '')}".rstrip() for entry in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
