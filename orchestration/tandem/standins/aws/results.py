"""Result files: written where Athena writes them, read back page by page.

A file of rows is CSV: every value in quotes, NULL nothing at all; so one record ends at the first line end that is
not within quotes. A file of text has one line a record. Neither is ever in memory as a whole.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

Record = list[str | None]

IN_MEMORY = 1 << 20
CHUNK = 1 << 16
_VALUE = re.compile(r'(?:"((?:[^"]+|"")*)")?(?:,|\r?\n|\Z)')


@dataclass(frozen=True)
class Place:
    """An object of the store."""

    bucket: str
    key: str

    @classmethod
    def of(cls, location: str) -> Place:
        """Read `s3://bucket/key`."""
        parts = urlsplit(location)
        return cls(parts.netloc, parts.path.lstrip("/"))


class ResultWriter:
    """Collects a result on disk; `store` puts it into the store."""

    def __init__(self, *, as_text: bool) -> None:
        self._as_text = as_text
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115

    def __enter__(self) -> ResultWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def write(self, records: Iterable[Record]) -> None:
        """Add records."""
        form = _text_line if self._as_text else _csv_line
        self._file.write("".join(map(form, records)).encode())

    def store(self, s3: Any, location: str) -> None:
        """Put the file there; raises botocore's ClientError when the store refuses."""
        self._file.seek(0)
        place = Place.of(location)
        s3.put_object(Bucket=place.bucket, Key=place.key, Body=self._file, ContentType="application/octet-stream")


def read_page(s3: Any, location: str, offset: int, limit: int, *, as_text: bool) -> tuple[list[Record], int | None]:
    """At most `limit` records from a byte offset on, and the offset of the next page if there is one.

    Raises botocore's ClientError when the file is gone.
    """
    place = Place.of(location)
    asked = {"Range": f"bytes={offset}-"} if offset else {}
    found = s3.get_object(Bucket=place.bucket, Key=place.key, **asked)
    end = offset + found["ContentLength"]
    records: list[Record] = []
    with closing(found["Body"]) as body:
        lines = _text_lines(body) if as_text else _csv_lines(body)
        for line in lines:
            offset += len(line)
            text = line.decode()
            records.append([text.rstrip("\n")] if as_text else _csv_record(text))
            if len(records) == limit:
                break
    return records, offset if offset < end else None


def _text_lines(body: Any) -> Iterator[bytes]:
    return body.iter_lines(chunk_size=CHUNK, keepends=True)


def _csv_lines(body: Any) -> Iterator[bytes]:
    held: list[bytes] = []
    quotes = 0
    for line in body.iter_lines(chunk_size=CHUNK, keepends=True):
        held.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(held)
            held, quotes = [], 0


def _csv_line(record: Record) -> str:
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in record) + "\n"


def _text_line(record: Record) -> str:
    return "\t".join(value or "" for value in record) + "\n"


def _csv_record(line: str) -> Record:
    record: Record = []
    for match in _VALUE.finditer(line):
        if match.start() == len(line):
            break
        value = match.group(1)
        record.append(None if value is None else value.replace('""', '"'))
    return record
