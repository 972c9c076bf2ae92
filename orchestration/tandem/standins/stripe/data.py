"""What the Stripe stand-in serves: two feeds, newest first, each object as it was when it is asked for.

An overlay is a JSON object, all of it optional, that makes the source differ from the folder:

    {"charges": [{…}], "refunds": [{…}],   whole objects of the API, served as they are from their `created` on
     "remove": ["ch_…"]}                   these are gone
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tandem.standins.stripe import objects
from tandem.standins.stripe.objects import Json, Row

FEEDS = ("charges", "refunds")


@dataclass(frozen=True)
class Feed:
    """The rows of one sort of object, newest first; equal times stay in the order of their ids."""

    rows: list[Row]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Feed:
        """Sort them."""
        return cls(sorted(rows, key=lambda row: (row["created"], row["id"]), reverse=True))

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each id is."""
        return {row["id"]: position for position, row in enumerate(self.rows)}

    def before(self, second: float) -> int:
        """The first position of what was created before this second."""
        return bisect_left(self._ages, -second + 0.5) if second != float("inf") else 0

    @cached_property
    def _ages(self) -> list[int]:
        return [-row["created"] for row in self.rows]


@dataclass(frozen=True)
class Account:
    """Everything there is, and by which charge it was paid back."""

    feeds: Mapping[str, Feed]

    @cached_property
    def refunds_of(self) -> Mapping[str, list[Row]]:
        """The refunds of a charge, oldest first."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in reversed(self.feeds["refunds"].rows):
            found[row["charge"]].append(row)
        return found

    def objects(self, feed: str, rows: Sequence[Row], as_of: float) -> list[Json]:
        """The objects of these rows as they were then."""
        return [self._object(feed, row, as_of) for row in rows]

    def _object(self, feed: str, row: Row, as_of: float) -> Json:
        if "object" in row:
            return dict(row)
        if feed == "refunds":
            return objects.refund(row, as_of)
        made = [refund for refund in self.refunds_of.get(row["id"], ()) if refund["created"] < as_of]
        return objects.charge(row, [refund for refund in made if "object" not in refund], as_of)


def load(folder: Path, overlay: Mapping[str, Any] | None = None) -> Account:
    """Read a folder that `scripts/generate_ecommerce.py` wrote and change it by the overlay."""
    change = overlay or {}
    gone = set(change.get("remove", ()))
    feeds = {}
    for feed in FEEDS:
        lines = (folder / f"{feed}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [row for row in map(json.loads, lines) if row["id"] not in gone]
        feeds[feed] = Feed.of([*rows, *change.get(feed, ())])
    return Account(feeds)
