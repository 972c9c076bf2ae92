"""Values, types and result files of the local Athena."""

from __future__ import annotations

import io
from typing import Any

import pytest
from botocore.response import StreamingBody

from tandem.standins.aws.results import Record, ResultWriter, read_page
from tandem.standins.aws.types import column_info, in_glue, parse
from tandem.standins.aws.values import text_of


class Store:
    """The two calls of an S3 client that result files need."""

    def __init__(self) -> None:
        self.content = b""

    def put_object(self, Body: Any, **_: Any) -> None:  # noqa: N803
        self.content = Body.read()

    def get_object(self, Range: str = "bytes=0-", **_: Any) -> dict[str, Any]:  # noqa: N803
        part = self.content[int(Range[len("bytes=") : -1]) :]
        return {"Body": StreamingBody(io.BytesIO(part), len(part)), "ContentLength": len(part)}


def stored(records: list[Record], *, as_text: bool = False) -> Store:
    store = Store()
    with ResultWriter(as_text=as_text) as writer:
        writer.write(records)
        writer.store(store, "s3://bucket/folder/id.csv")
    return store


def all_pages(store: Store, limit: int, *, as_text: bool = False) -> list[list[Record]]:
    pages: list[list[Record]] = []
    offset: int | None = 0
    while offset is not None:
        page, offset = read_page(store, "s3://bucket/folder/id.csv", offset, limit, as_text=as_text)
        pages.append(page)
    return pages


AWKWARD: list[Record] = [
    ["a", "b"],
    [None, ""],
    ['say "hi"', "two\nlines"],
    ["cr\r\nlf", ","],
    ["ü€😀", '"'],
    [None, None],
]


def test_a_result_file_quotes_every_value_and_leaves_null_out() -> None:
    assert stored(AWKWARD[:3]).content == b'"a","b"\n,""\n"say ""hi""","two\nlines"\n'


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 1000])
def test_pages_of_a_result_file_hold_its_records(limit: int) -> None:
    pages = all_pages(stored(AWKWARD), limit)
    assert [record for page in pages for record in page] == AWKWARD
    assert all(len(page) <= limit for page in pages)
    assert len(pages) == -(-len(AWKWARD) // limit)


def test_a_single_column_of_nulls_keeps_its_rows() -> None:
    assert all_pages(stored([["a"], [None], [None]]), 1000) == [[["a"], [None], [None]]]


def test_an_empty_result_is_one_empty_page() -> None:
    assert all_pages(stored([], as_text=True), 10, as_text=True) == [[]]


def test_text_is_read_line_by_line() -> None:
    store = stored([["a\tb"], [""], ["one\ntwo"]], as_text=True)
    assert all_pages(store, 3, as_text=True) == [[["a\tb"], [""], ["one"]], [["two"]]]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        pytest.param(None, "varchar", None, id="null"),
        pytest.param("", "varchar", "", id="empty"),
        pytest.param(True, "boolean", "true", id="boolean"),
        pytest.param(7, "bigint", "7", id="integer"),
        pytest.param("1.50", "decimal(10,2)", "1.50", id="decimal"),
        pytest.param([1, None], "array(integer)", "[1, null]", id="array"),
        pytest.param({"k": [1]}, "map(varchar, array(integer))", "{k=[1]}", id="map"),
        pytest.param([1, "x"], 'row(a integer, "b c" varchar)', "{a=1, b c=x}", id="row"),
        pytest.param([1, True], "row(integer, boolean)", "{field0=1, field1=true}", id="row without names"),
        pytest.param([[1, ["x"]]], "array(row(n integer, r row(s varchar(3))))", "[{n=1, r={s=x}}]", id="nested"),
        pytest.param("YWJj", "varbinary", "61 62 63", id="binary"),
    ],
)
def test_a_value_is_printed_as_athena_prints_it(value: Any, kind: str, text: str | None) -> None:
    assert text_of(value, parse(kind)) == text


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("varchar", ("varchar", 2147483647, 0)),
        ("varchar(5)", ("varchar", 5, 0)),
        ("decimal(18,3)", ("decimal", 18, 3)),
        ("real", ("float", 17, 0)),
        ("timestamp(6)", ("timestamp", 3, 0)),
        ("timestamp(3) with time zone", ("timestamp with time zone", 3, 0)),
        ("row(a timestamp(3) with time zone, b integer)", ("row", 0, 0)),
        ("interval day to second", ("interval day to second", 0, 0)),
    ],
)
def test_a_column_is_named_by_athenas_types(kind: str, expected: tuple[str, int, int]) -> None:
    told = column_info("x", kind)
    assert (told["Type"], told["Precision"], told["Scale"]) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("varchar", "string"),
        ("varchar(5)", "varchar(5)"),
        ("integer", "int"),
        ("real", "float"),
        ("varbinary", "binary"),
        ("timestamp(3)", "timestamp"),
        ("timestamp(6) with time zone", "timestamp"),
        ("decimal(9,2)", "decimal(9,2)"),
        ("map(varchar, array(row(a integer, b double)))", "map<string,array<struct<a:int,b:double>>>"),
    ],
)
def test_a_type_is_written_as_glue_writes_it(kind: str, expected: str) -> None:
    assert in_glue(parse(kind)) == expected
