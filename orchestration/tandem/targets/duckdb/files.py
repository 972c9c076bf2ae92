"""Opening DuckDB files, and putting a new version of one before its readers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tandem.errors import WarehouseError


@contextmanager
def connected(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for the block, in UTC; what DuckDB raises becomes a WarehouseError."""
    with _connect(path, read_only) as connection:
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
        except duckdb.Error as error:
            raise WarehouseError(f"{path.name}: {error}") from error


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All statements of the block, or none of them."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def serve_copy(build: Path, served: Path) -> None:
    """Replace `served` by a copy of `build`, which nobody has open; readers keep the version they opened.

    A crash at any moment leaves the old version or the new one. Raises WarehouseError when the disk refuses.
    """
    temporary = served.with_name(f"{served.name}.new")
    try:
        shutil.copyfile(build, temporary)
        _sync(temporary)
        # The log of somebody who wrote to the old version must not be replayed into the new one.
        served.with_name(f"{served.name}.wal").unlink(missing_ok=True)
        temporary.replace(served)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise WarehouseError(
            f"Cannot write {served}: {error.strerror}. Readers keep the previous version; "
            "free space or allow writing there, and run again."
        ) from error


def checkpoint(path: Path) -> None:
    """Move all of a file's log into the file, so that a copy of the file alone is complete."""
    with connected(path) as connection:
        connection.execute("force checkpoint")
    if path.with_name(f"{path.name}.wal").exists():
        raise WarehouseError(f"{path} still has a log beside it: another connection of this process has it open.")


def _connect(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise WarehouseError(f"Cannot open {path}: {_advice(str(error), read_only)}") from error


def _advice(message: str, read_only: bool) -> str:
    first = message.splitlines()[0]
    if "lock" in message.lower():
        return f"another program has it open for writing ({first}). Close that program, or open it there read-only."
    if read_only:
        return f"{first}. If it is damaged, remove it: the next run writes it again."
    return f"{first}. If it is damaged, remove it: the next run builds it again from the lake."


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
