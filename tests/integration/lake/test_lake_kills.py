"""Whatever happens to a writer, readers see the old commit or the new one, whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import tandem
from tandem.errors import LakeError
from tandem.lake import gc
from tandem.lake.manifest import read_manifests
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import read_commit, write_commit
from tandem.lake.store import Store, open_store
from tandem.schemas import Entity

Rows = Callable[..., pl.DataFrame]
NOTHING = {"inputs": {}, "counts": {}, "reasons": {}}
PREPARE = """
import os, resource, signal, sys
from datetime import date
import polars as pl
from tandem.errors import LakeError
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store, open_store
from tandem.schemas import entity

store = open_store(sys.argv[1])
sensors, partition = entity("openaq", "sensors"), Partition("openaq", "sensors", date(2025, 11, 20))
rows = pl.DataFrame([(n, 1, f"sensor {n * 7919}", "pm25", "u", partition.day) for n in range(20000)],
                    polars_schema(sensors), orient="row")

def write():
    write_commit(store, partition, sensors, [rows], inputs={}, counts={}, reasons={})
"""
KILLED_BEFORE_COMMIT = (
    PREPARE
    + """
Store.swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write()
"""
)
KILLED_HOLDING_THE_LOCK = (
    PREPARE
    + """
put = Store._put
def put_or_die(self, path, data):
    if path.endswith("_current.json"):
        os.kill(os.getpid(), signal.SIGKILL)
    return put(self, path, data)
Store._put = put_or_die
write()
"""
)
DISK_FULL = (
    PREPARE
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write()
except LakeError as error:
    print(error)
    sys.exit(3)
"""
)


FORKED_AFTER_USE = (
    PREPARE
    + """
write()
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
try:
    write()
except LakeError as error:
    os._exit(4 if "before this process was forked" in str(error) else 5)
"""
)


def run(script: str, lake_url: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(tandem.__file__).parents[1])}
    command = [sys.executable, "-c", script, lake_url]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def disk(tmp_path: Path) -> Store:
    return open_store((tmp_path / "lake").as_uri())


def test_a_writer_killed_before_its_commit_leaves_readers_on_the_old_one(
    store: Store, lake_url: str, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    old = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    killed = run(KILLED_BEFORE_COMMIT, lake_url)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert read_manifests(store, Zone.PROCESSED, [partition]) == [old]
    assert read_commit(store, old).equals(rows(1))
    assert gc.collect(store, keep=frozenset(), older_than_seconds=-60).files == 1
    assert read_commit(store, old).equals(rows(1))


def test_a_writer_killed_while_it_holds_the_lock_blocks_nobody(
    disk: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    killed = run(KILLED_HOLDING_THE_LOCK, disk.url)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert write_commit(disk, partition, sensors, [rows(1)], **NOTHING).rows == 1


def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    disk: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    old = write_commit(disk, partition, sensors, [rows(1)], **NOTHING)
    before = sorted(path for path in (disk.directory or Path()).rglob("*") if path.is_file())
    full = run(DISK_FULL, disk.url)
    assert full.returncode == 3, full.stderr
    assert "Cannot write" in full.stdout
    assert "part-0000.parquet: File too large. Nothing was changed; free space" in full.stdout
    assert sorted(path for path in (disk.directory or Path()).rglob("*") if path.is_file()) == before
    assert read_manifests(disk, Zone.PROCESSED, [partition]) == [old]


def test_a_half_written_temporary_file_is_invisible_and_collected(
    disk: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    manifest = write_commit(disk, partition, sensors, [rows(1)], **NOTHING)
    half = Path(disk.uri(f"{manifest.paths[0]}#1"))
    half.write_bytes(b"PAR")
    assert half.name not in {Path(item.path).name for item in disk.list()}
    # A writer meets the leftover of a killed one.
    disk.put(manifest.paths[0], disk.get(manifest.paths[0]) or b"")
    assert gc.collect(disk, keep=frozenset(), older_than_seconds=-60) == gc.Collected(1, 3)
    assert not half.exists()
    assert read_commit(disk, manifest).equals(rows(1))


def test_a_reader_during_many_commits_always_reads_a_whole_one(
    lake_url: str, partition: Partition, sensors: Entity, rows: Rows, at_once: Callable[..., list[object]]
) -> None:
    write_commit(open_store(lake_url), partition, sensors, [rows(0)] * 2, **NOTHING)

    written = threading.Event()

    def write() -> None:
        try:
            for number in range(1, 15):
                write_commit(open_store(lake_url), partition, sensors, [rows(number)] * 2, **NOTHING)
        finally:
            written.set()

    def read() -> list[tuple[int, ...]]:
        store, seen = open_store(lake_url), []
        while not written.is_set() or not seen:
            (manifest,) = read_manifests(store, Zone.PROCESSED, [partition])
            seen.append(tuple(read_commit(store, manifest)["sensor_id"]))
        return seen

    failure, seen = at_once(write, read)
    assert failure is None
    assert isinstance(seen, list)
    assert all(first == second for first, second in seen)
    assert [first for first, _second in seen] == sorted(first for first, _second in seen)


def test_a_process_forked_after_the_lake_was_used_is_told_instead_of_hanging(disk: Store) -> None:
    assert run(FORKED_AFTER_USE, disk.url).returncode == 4


def test_a_folder_in_the_way_is_refused_in_words(disk: Store) -> None:
    disk.put("raw/inner/file", b"")
    with pytest.raises(LakeError, match=r"Cannot write .*raw/inner: Generic LocalFileSystem error.*Is a directory"):
        disk.put("raw/inner", b"")
