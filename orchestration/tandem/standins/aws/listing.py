"""Listings of moto's S3 by an index of names: without it each listing looks at every object of the bucket.

An engine lists the folder of every partition it reads; with a year of days in a lake that is most of what moto does.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from types import SimpleNamespace
from typing import Any

from moto.s3 import models
from moto.s3.utils import _VersionedKeyStore

_AFTER_ALL = "\U0010ffff"
_list_objects = models.S3Backend.list_objects


class IndexedKeys(_VersionedKeyStore):  # type: ignore[misc]  # moto is not read for types
    """The objects of a bucket by name, and their names in order."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._lock = threading.RLock()

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._note(key)
            super().__setitem__(key, value)

    def setlist(self, key: str, list_: Any) -> None:
        """Set all versions of an object."""
        with self._lock:
            self._note(key)
            super().setlist(key, list_)

    def pop(self, key: str) -> None:
        """Forget an object with all its versions."""
        with self._lock:
            if key in self:
                del self._names[bisect_left(self._names, key)]
            super().pop(key)

    def beginning_with(self, prefix: str) -> dict[str, Any]:
        """The newest version of every object whose name begins so, in the order of names."""
        with self._lock:
            first = bisect_left(self._names, prefix)
            names = self._names[first : bisect_left(self._names, prefix + _AFTER_ALL, lo=first)]
            return {name: self[name] for name in names}

    def _note(self, key: str) -> None:
        if key not in self:
            insort(self._names, key)


def index_listings() -> None:
    """Let moto's S3 of this process keep such an index; call it before the first bucket is made."""
    models._VersionedKeyStore = IndexedKeys
    models.S3Backend.list_objects = _list_indexed


def _list_indexed(self: Any, bucket: Any, prefix: str | None, *rest: Any, **named: Any) -> Any:
    among = bucket if not prefix else SimpleNamespace(keys=bucket.keys.beginning_with(prefix))
    return _list_objects(self, among, prefix, *rest, **named)
