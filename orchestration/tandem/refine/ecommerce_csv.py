"""CSV files as people export them: encoding, delimiter and header are told from what the file says, rows are strict.

A row has as many fields as the header, or it is no row: nothing is padded and nothing dropped. A quote that is never
closed costs the line it stands in, not the lines that follow.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Iterator, Sequence
from io import StringIO
from typing import NamedTuple

DELIMITERS = ",;\t"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Record(NamedTuple):
    """One row as it stands in its file: the line it begins in, counted from 0, and its fields by name of column.

    `fields` is None, and `defect` says why, for what cannot be split into the columns of the header.
    """

    line: int
    text: str
    fields: dict[str, str] | None
    defect: str | None = None


def read_records(payload: bytes, expected: Sequence[str]) -> Iterator[Record]:
    """The rows of a file whose header has the expected columns, in any order; blank lines are no rows.

    Raises ValueError that says why the header is not usable, before the first row.
    """
    lines = list(StringIO(decode(payload), newline=""))
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise ValueError("the file is empty")
    delimiter, names = _header(lines[start], expected)
    wrong = [name for name in expected if names.count(name) != 1]
    if wrong:
        said = f"the header {lines[start].strip()!r} has not exactly one column of each of: {', '.join(wrong)}"
        raise ValueError(said)
    return _records(_Lines(lines, start + 1), names, delimiter)


def header_names(payload: bytes, expected: Collection[str]) -> list[str]:
    """Names of the columns of a file, whether or not they are those expected; none for an empty file."""
    line = next((line for line in StringIO(decode(payload), newline="") if line.strip()), None)
    return [] if line is None else _header(line, expected)[1]


def decode(payload: bytes) -> str:
    """Text of a file: by its byte order mark, else UTF-8, else the Western European encoding of Windows."""
    for mark, encoding in _MARKS:
        if payload.startswith(mark):
            return payload.decode(encoding, "replace")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("cp1252", "replace")


def column_name(text: str) -> str:
    """Name of a column as it is declared: lower case, _ for spaces and dashes, without quotes."""
    return re.sub(r"[\s_-]+", "_", text.strip(" \t\r\n\"'").lower())


def _header(line: str, expected: Collection[str]) -> tuple[str, list[str]]:
    """The delimiter by which a header has most of the expected columns, and its names."""
    splits = {mark: _names(line, mark) for mark in DELIMITERS}
    return max(splits.items(), key=lambda split: len(set(expected) & set(split[1])))


def _names(line: str, delimiter: str) -> list[str]:
    return [column_name(name) for name in next(csv.reader([line], delimiter=delimiter))]


class _Lines:
    """Lines of a file, read one after another, from wherever `number` is set to."""

    def __init__(self, lines: Sequence[str], number: int) -> None:
        self.lines, self.number = lines, number

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.number >= len(self.lines):
            raise StopIteration
        self.number += 1
        return self.lines[self.number - 1]


def _records(lines: _Lines, names: Sequence[str], delimiter: str) -> Iterator[Record]:
    while lines.number < len(lines.lines):
        first = lines.number
        fields, defect = _split(lines, delimiter, len(names))
        if defect:
            # An open quote has swallowed the lines that follow: they are read again on their own.
            lines.number = first + 1
        if defect or any(field.strip() for field in fields):
            text = "".join(lines.lines[first : lines.number]).rstrip("\r\n")
            yield Record(first, text, None if defect else dict(zip(names, fields, strict=True)), defect)


def _split(lines: _Lines, delimiter: str, expected: int) -> tuple[list[str], str | None]:
    """The fields of the next record, and why it is none."""
    try:
        fields = next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        return [], str(error)
    ragged = any(fields) and len(fields) != expected
    return fields, f"{len(fields)} fields instead of {expected}" if ragged else None
