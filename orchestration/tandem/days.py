"""Days as texts and lists: windows that a run is given, and the batches it takes them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from tandem.errors import SettingsError

BATCH_DAYS = 7


def days_between(first: str, last: str) -> list[date]:
    """All days from `first` to `last`, both ISO dates and both inclusive."""
    start, end = _day(first), _day(last)
    if end < start:
        raise SettingsError(f"The window {first} to {last} ends before it begins. FROM must not be after TO.")
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def batches(days: Sequence[date], size: int = BATCH_DAYS) -> list[list[str]]:
    """Days as ISO texts in lists of at most `size`: what one mapped task takes."""
    return [[day.isoformat() for day in days[i : i + size]] for i in range(0, len(days), size)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text!r} is not a day. Write it as YYYY-MM-DD, for example 2025-11-20.") from None
