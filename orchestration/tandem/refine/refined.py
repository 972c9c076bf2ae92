"""What refining takes and gives: raw files in, typed rows, rejects and counts that balance out."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from tandem.errors import RefineError
from tandem.lake.quarantine import REJECTS_SCHEMA
from tandem.lake.raw import ATTEMPT

PAYLOAD_CHARACTERS = 4000

_PAGE_IN_NAME = re.compile(r"page-(\d+)")


@dataclass(frozen=True)
class RawFile:
    """One captured payload: its name in the partition, where it came from, how to read it, and its size if known."""

    name: str
    origin: Mapping[str, Any]
    read: Callable[[], bytes]
    bytes: int = 0


class Reject(NamedTuple):
    """One thing set aside; `position` is its place in the file's array, None for the file as a whole."""

    reason: str
    detail: str | None
    origin: str
    position: int | None
    payload: str


@dataclass(frozen=True)
class Refined:
    """Typed rows of one partition, what was set aside, and the counts.

    counts: `in` elements met, `out` rows written, `superseded` duplicates and older revisions,
    `outside` rows of another partition, `quarantined` rejects; `in` is the sum of the other four.
    """

    frames: list[pl.DataFrame]
    rejects: pl.DataFrame
    counts: dict[str, int]
    reasons: dict[str, int]


def balanced(
    frames: list[pl.DataFrame], rejects: Sequence[Reject], *, seen: int, superseded: int, outside: int = 0
) -> Refined:
    """The result of refining; raises RefineError unless every element met is accounted for."""
    counts = {
        "in": seen,
        "out": sum(frame.height for frame in frames),
        "superseded": superseded,
        "outside": outside,
        "quarantined": len(rejects),
    }
    if 2 * counts["in"] != sum(counts.values()):
        raise RefineError(f"Rows were lost or doubled while refining: {counts}. This is a fault of Tandem.")
    reasons = Counter(reject.reason for reject in rejects)
    table = pl.DataFrame(rejects, schema=REJECTS_SCHEMA, orient="row")
    return Refined(frames, table, counts, dict(sorted(reasons.items())))


def as_text(element: object) -> str:
    """An element of a payload as the JSON that a reject shows, cut to a readable length."""
    return clean_text(json.dumps(element, ensure_ascii=False, separators=(",", ":")))[:PAYLOAD_CHARACTERS]


def clean_text(text: str) -> str:
    """Text without lone surrogates, which JSON can write and UTF-8 (so Parquet) cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def attempt_of(file: RawFile) -> int:
    """Which attempt to capture its partition a file comes from; the first when its origin does not say."""
    attempt = file.origin.get(ATTEMPT)
    return attempt if isinstance(attempt, int) else 1


def page_of(file: RawFile) -> int:
    """Which page of its request a file is, by its origin or else its name; 0 when neither says."""
    page = file.origin.get("page")
    found = _PAGE_IN_NAME.search(file.name)
    return page if isinstance(page, int) else int(found[1]) if found else 0


def reject_file(reason: str, detail: str, file: RawFile, payload: bytes) -> Reject:
    """A file set aside as a whole, with the beginning of what it holds."""
    return Reject(reason, detail, file.name, None, payload[:PAYLOAD_CHARACTERS].decode("utf-8", "replace"))
