"""Arrow batches as Parquet files of bounded size, written while the next batches are still being fetched."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

FILE_ROWS = 1_000_000
FILE_BYTES = 64 << 20  # in memory; a file is smaller


class File(NamedTuple):
    """One Parquet file (Snappy) and how many rows are in it."""

    payload: bytes
    rows: int


def parquet_files(batches: Iterable[pa.RecordBatch]) -> Generator[File, None, None]:
    """The batches in files of at most about FILE_ROWS or FILE_BYTES; no rows at all give a file without rows.

    Equal batches give equal files. What fetching raises is raised here, and no file is made of what came last.
    """
    file: _Growing | None = None
    with closing(_ahead(batches)) as coming:
        for batch in coming:
            file = file or _Growing(batch.schema)
            file.add(batch)
            if file.is_full:
                yield file.end()
                file = None
    if file is not None:
        yield file.end()


class _Growing:
    def __init__(self, schema: pa.Schema) -> None:
        self._buffer = pa.BufferOutputStream()
        # Dictionaries cost more time than they save room: most texts of a table differ from row to row.
        self._writer = pq.ParquetWriter(self._buffer, schema, compression="snappy", use_dictionary=False)
        self._rows = self._bytes = 0

    @property
    def is_full(self) -> bool:
        return self._rows >= FILE_ROWS or self._bytes >= FILE_BYTES

    def add(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes

    def end(self) -> File:
        self._writer.close()
        return File(self._buffer.getvalue().to_pybytes(), self._rows)


def _ahead(batches: Iterable[pa.RecordBatch]) -> Generator[pa.RecordBatch, None, None]:
    """The same batches; a thread fetches the next one while the last is being used."""
    rest = iter(batches)
    with ThreadPoolExecutor(1, thread_name_prefix="fetch") as pool:
        coming = pool.submit(next, rest, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, rest, None)
            yield batch
