"""What is seen of an order by somebody who looks at the end of each day, and what of that is out of order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from ecommerce_sample.draws import day_of
from ecommerce_sample.span import Span

LATE, SAME_TIME = 37, 23  # every so many orders of the later days


class Version(NamedTuple):
    """A state of an order: its change time, its status, and the day from whose end on it is seen (none: always)."""

    second: int
    status: str
    shown: date | None


def versions_of(span: Span, order: int, events: Iterable[tuple[int, str]]) -> list[Version]:
    """The last state of each day; all that came before the end of the first day is one."""
    known = [(second, status) for second, status in events if second < span.ends]
    seen = {day_of(second) if second >= span.known else None: (second, status) for second, status in known}
    versions = [Version(second, status, shown) for shown, (second, status) in seen.items()]
    is_new = bool(versions) and versions[0].shown is not None
    if is_new and order % SAME_TIME == 0:
        versions = _corrected(span, versions)
    return _late(span, versions) if is_new and order % LATE == 0 else versions


def _corrected(span: Span, versions: list[Version]) -> list[Version]:
    """The first version comes again on the next day with the same change time, unless another is due by then."""
    again = versions[0]._replace(shown=_next_day(versions[0]))
    due = versions[1].shown if len(versions) > 1 else span.last + timedelta(days=1)
    return [versions[0], again, *versions[1:]] if again.shown and due and again.shown < due else versions


def _late(span: Span, versions: list[Version]) -> list[Version]:
    """The newest version is seen only on the day after its change time."""
    late = versions[-1]._replace(shown=_next_day(versions[-1]))
    return [*versions[:-1], late] if late.shown and late.shown <= span.last else versions


def _next_day(version: Version) -> date:
    assert version.shown is not None
    return version.shown + timedelta(days=1)
