"""The jars of Trino 406: which they are (`jars.tsv`, with hashes), where they are kept, and fetching them once."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tandem.errors import StandinError

LOCK = Path(__file__).with_name("jars.tsv")
AT_ONCE = 6


@dataclass(frozen=True)
class Jar:
    """One jar of the lock; `homes` are the folders of Trino that need it."""

    group: str
    artifact: str
    version: str
    classifier: str
    homes: tuple[str, ...]
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """Its file name, which no other jar of the lock has."""
        return "-".join(filter(None, [self.artifact, self.version, self.classifier])) + ".jar"

    def __str__(self) -> str:
        return ":".join(filter(None, [self.group, self.artifact, self.classifier, self.version]))


@cache
def read_lock() -> tuple[Jar, ...]:
    """All jars of the committed lock."""
    with LOCK.open(encoding="utf-8", newline="") as file:
        return tuple(
            Jar(
                group=row["group"],
                artifact=row["artifact"],
                version=row["version"],
                classifier=row["classifier"],
                homes=tuple(row["homes"].split(",")),
                bytes=int(row["bytes"]),
                sha256=row["sha256"],
            )
            for row in csv.DictReader(file, delimiter="\t")
        )


def jar_folder(cache_folder: Path) -> Path:
    """Where the jars are kept, in the user's cache folder."""
    return cache_folder / "trino" / "jars"


def missing(cache_folder: Path) -> list[Jar]:
    """The jars that are not in the cache, or of another size than the lock says."""
    folder = jar_folder(cache_folder)
    return [jar for jar in read_lock() if _size(folder / jar.name) != jar.bytes]


def check(cache_folder: Path) -> None:
    """Compare every jar of the cache with its hash; those that differ are removed and StandinError names them."""
    folder = jar_folder(cache_folder)
    damaged = [jar for jar in read_lock() if _sha256(folder / jar.name) != jar.sha256]
    for jar in damaged:
        (folder / jar.name).unlink(missing_ok=True)
    if damaged:
        names = ", ".join(map(str, damaged))
        raise StandinError(f"Not what the lock says, and removed from {folder}: {names}. Run: tandem standins fetch.")


def fetch(cache_folder: Path, repository: str = "", progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the jars that are missing into the cache; says how many came.

    `repository` is the address of a Maven repository (empty: Maven's central one); `progress` is told, from several
    threads but never at once, the bytes that are there and those of all. What is there stays, so a fetch that was cut
    goes on where it was; a second one at the same time waits for the first. Raises StandinError, which names the jar.
    """
    # Imported here: what it needs is only in environments that rehearse.
    from tandem.standins.trino.download import Download

    with alone(cache_folder) as draft:
        wanted = missing(cache_folder)
        total = sum(jar.bytes for jar in read_lock())
        tally = _Tally(total - sum(jar.bytes for jar in wanted), total, progress or _silent)
        download = Download(repository, draft, jar_folder(cache_folder), tally.add)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                list(pool.map(download.fetch, wanted))
            except BaseException:
                download.stop()
                pool.shutdown(cancel_futures=True)
                raise
    return len(wanted)


@contextlib.contextmanager
def alone(cache_folder: Path) -> Iterator[Path]:
    """Hold the lock of Trino's cache, waiting for it; yields an empty folder for what is not yet whole.

    Raises StandinError when the cache cannot be written.
    """
    folder = jar_folder(cache_folder)
    draft = folder.with_name("draft")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = folder.with_name("lock").open("w")
    except OSError as error:
        why = f"{folder.parent} cannot be written ({error.strerror})"
        raise StandinError(f"{why}. Set TANDEM_CACHE to a folder that can.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(draft, ignore_errors=True)  # of somebody who was killed
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


class _Tally:
    """Adds up the bytes of all threads."""

    def __init__(self, done: int, total: int, progress: Callable[[int, int], None]) -> None:
        self._done, self._total, self._progress = done, total, progress
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._progress(self._done, self._total)


def _silent(done: int, total: int) -> None:
    pass


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
