"""Manifests as stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tandem.errors import LakeError
from tandem.lake.manifest import FileEntry, from_json, make_manifest, to_json
from tandem.lake.partition import Partition, Zone

FILES = (FileEntry("commit=1/part-0000.parquet", 10, 2, "aa", {"page": 1}), FileEntry("raw.json", 5, None, "bb"))
MANIFEST = make_manifest(
    Zone.PROCESSED,
    Partition("openaq", "measurements", date(2025, 3, 9)),
    "1",
    FILES,
    schema="f",
    inputs={"raw": "c"},
    counts={"in": 3},
    reasons={"unit_unknown": 1},
)


def test_manifest_totals_rows_and_bytes_of_its_files() -> None:
    assert (MANIFEST.rows, MANIFEST.bytes) == (2, 15)


def test_manifest_is_read_back_as_it_was_stored() -> None:
    assert from_json(to_json(MANIFEST)) == MANIFEST


def test_manifests_that_differ_only_in_time_say_the_same() -> None:
    later = replace(MANIFEST, written_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert MANIFEST.says_the_same_as(later)
    assert not MANIFEST.says_the_same_as(replace(later, inputs={"raw": "d"}))
    assert not MANIFEST.says_the_same_as(None)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"zone": "raw"}', to_json(MANIFEST).replace(b'"rows"', b'"lines"')]
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(LakeError, match="not a manifest of this version"):
        from_json(data)
