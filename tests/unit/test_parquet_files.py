"""Batches as Parquet files of bounded size, one batch after another."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tandem.extract import parquet
from tandem.extract.parquet import parquet_files


def batches(count: int, rows: int = 10) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        yield pa.RecordBatch.from_pydict({"id": [number * rows + row for row in range(rows)], "text": ["x"] * rows})


def ids(payload: bytes) -> list[int]:
    return list(pq.read_table(BytesIO(payload))["id"].to_pylist())


def test_all_rows_are_there_in_their_order() -> None:
    [file] = parquet_files(batches(3))
    assert file.rows == 30
    assert ids(file.payload) == list(range(30))
    assert pq.ParquetFile(BytesIO(file.payload)).metadata.row_group(0).column(0).compression == "SNAPPY"


def test_no_rows_give_one_file_that_says_the_columns() -> None:
    [file] = parquet_files(batches(1, rows=0))
    assert file.rows == 0
    assert pq.read_schema(BytesIO(file.payload)).names == ["id", "text"]


def test_equal_batches_give_equal_files() -> None:
    assert list(parquet_files(batches(3))) == list(parquet_files(batches(3)))


@pytest.mark.parametrize(("limit", "value"), [("FILE_ROWS", 20), ("FILE_BYTES", 200)])
def test_files_are_bounded_by_rows_and_by_bytes(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(parquet, limit, value)
    files = list(parquet_files(batches(5)))
    assert [file.rows for file in files] == [20, 20, 10]
    assert [number for file in files for number in ids(file.payload)] == list(range(50))


def test_batches_are_taken_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: the one in use and the one that is being fetched."""
    monkeypatch.setattr(parquet, "FILE_ROWS", 10)
    taken = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        for batch in batches(1000):
            taken += 1
            yield batch

    for used, _file in enumerate(parquet_files(counted()), start=1):
        assert taken <= used + 1
    assert taken == 1000


def test_a_source_that_breaks_off_gives_no_last_file() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from batches(2)
        raise ConnectionError("gone")

    files = parquet_files(broken())
    with pytest.raises(ConnectionError, match="gone"):
        next(files)


def test_a_reader_that_gives_up_leaves_no_thread_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "FILE_ROWS", 10)
    source = batches(1000)
    files = parquet_files(source)
    next(files)
    files.close()
    source.close()
    assert list(source) == []
