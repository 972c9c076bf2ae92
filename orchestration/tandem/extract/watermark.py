"""From when to when a capture asks a source for changes, by what was captured before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tandem.lake.manifest import Manifest, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store


@dataclass(frozen=True)
class Window:
    """The span of changes that the capture of a day asks for: from `changed_from` until before `changed_before`.

    `changed_from` is None for a first capture, which asks for all; `earlier` is the newest capture before the day.
    """

    day: date
    changed_from: datetime | None
    changed_before: datetime
    earlier: Manifest | None


def window(store: Store, system: str, feed: str, day: date, overlap: timedelta) -> Window:
    """What to ask for: until the end of `day` (UTC), from the end of the newest day captured before it less an overlap.

    A day that was captured before it ended counts as captured until that moment.
    """
    earlier = newest_before(store, system, feed, day)
    if earlier is None:
        return Window(day, None, _end(day), None)
    seen_until = min(_end(earlier.partition.day), earlier.written_at)
    return Window(day, _less(seen_until, overlap), _end(day), earlier)


def newest_before(store: Store, system: str, feed: str, day: date) -> Manifest | None:
    """The raw commit of the newest day before `day`, None when there is none.

    Looks into the newest folders first, so it costs the same however long the history is.
    """
    for partition in _newest_first(store, f"{Zone.RAW}/{system}/{feed}", day):
        if found := read_manifest(store, Zone.RAW, partition):
            return found[0]
    return None


def _newest_first(store: Store, folder: str, day: date) -> Iterator[Partition]:
    last = Partition("", "", day).folder(Zone.RAW).split("/")[-3:]
    for year in _descending(store, folder, "year", last[:1]):
        for month in _descending(store, year, "month", last[:2]):
            for path in _descending(store, month, "day", last):
                if (partition := Partition.from_path(path)).day < day:
                    yield partition


def _descending(store: Store, folder: str, key: str, last: list[str]) -> list[str]:
    """The folders of years, months or days that do not begin after `last`; Hive's names sort as the dates do."""
    found = (path for path in store.folders(folder) if path.rpartition("/")[2].startswith(f"{key}="))
    return sorted((path for path in found if path.split("/")[-len(last) :] <= last), reverse=True)


def _end(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def _less(moment: datetime, overlap: timedelta) -> datetime | None:
    try:
        return moment - overlap
    except OverflowError:
        return None
