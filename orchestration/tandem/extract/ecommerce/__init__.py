"""What is fetched for the shop, and where in the raw zone it lands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from tandem.errors import SettingsError
from tandem.extract.captured import Captured
from tandem.extract.ecommerce import marketing, payments, tables
from tandem.extract.watermark import Window, window
from tandem.lake.partition import Partition
from tandem.lake.raw import Capture, Keep
from tandem.lake.store import Store
from tandem.schemas import Entity, entity
from tandem.schemas.ecommerce import SYSTEM
from tandem.settings import Settings

log = logging.getLogger(__name__)


class Landing(Protocol):
    """A source that is open: it adds what a window has of an entity to a capture, and returns notices."""

    def land(self, capture: Capture, entity: Entity, window: Window) -> list[str]: ...


class Way(NamedTuple):
    """How a feed is captured: how its source is opened, what stays of the same day's earlier captures, and how far it
    looks back behind the capture before.
    """

    open: Callable[[Settings, Store], AbstractContextManager[Landing]]
    keep: Keep
    looks_back: Callable[[Settings], timedelta]


def _overlap(settings: Settings) -> timedelta:
    return timedelta(hours=settings.tandem_overlap_hours)


def _refunds(settings: Settings) -> timedelta:
    # What Stripe filters by is when a refund was made; its status changes for days after.
    return max(_overlap(settings), timedelta(days=settings.stripe_refund_days))


FEEDS: Mapping[str, Way] = {
    **dict.fromkeys(("customers", "products", "orders", "order_items"), Way(tables.open_tables, Keep.ALL, _overlap)),
    "charges": Way(payments.open_payments, Keep.ALL, _overlap),
    "refunds": Way(payments.open_payments, Keep.ALL, _refunds),
    **dict.fromkeys(marketing.FEEDS, Way(marketing.open_marketing, Keep.NAMES, _overlap)),
}
SOURCES: Mapping[str, Callable[[Settings], str]] = {
    "postgres": tables.look,
    "stripe": payments.look,
    "marketing files": marketing.look,
}


def capture(
    settings: Settings, lake: Store, feed: str, days: Sequence[date], progress: Callable[[int, int], None]
) -> Captured:
    """Capture one feed as each of these days sees it, oldest first, each day a commit of its own.

    `progress` is told (done, all), in days. On an error, days that are complete stay committed.
    Raises SettingsError, SourceRefused, SourceUnavailable, SchemaChanged, LakeError or Conflict.
    """
    if feed not in FEEDS:
        raise SettingsError(f"System {SYSTEM} has no feed {feed!r}. Allowed: {', '.join(FEEDS)}.")
    captured = Captured([], [])
    ordered = sorted(set(days))
    with FEEDS[feed].open(settings, lake) as source:
        for done, day in enumerate(ordered, start=1):
            _capture_day(settings, lake, source, feed, day, captured)
            progress(done, len(ordered))
    return Captured(captured.manifests, list(dict.fromkeys(captured.notices)))


def _capture_day(settings: Settings, lake: Store, source: Landing, feed: str, day: date, captured: Captured) -> None:
    way = FEEDS[feed]
    asked = window(lake, SYSTEM, feed, day, way.looks_back(settings))
    attempt = Capture(lake, Partition(SYSTEM, feed, day), way.keep)
    notices = [*source.land(attempt, entity(SYSTEM, feed), asked), *map(_about_lost, attempt.lost)]
    manifest = attempt.commit()
    captured.manifests.append(manifest)
    captured.notices.extend(notices)
    for notice in notices:
        log.warning("%s", notice)


def _about_lost(name: str) -> str:
    return f"{name} of an earlier capture is gone or cut: what only that file held can no longer be had."
