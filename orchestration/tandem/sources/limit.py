"""One rate limit shared by all threads of a client, learnt from what the server says in its headers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from tandem.errors import SourceUnavailable

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 3700.0  # OpenAQ's longest period is an hour
EPOCH = 1e9  # a reset beyond this is a point in time, not a number of seconds


class SharedLimit:
    """Lets requests through while the server has some left, and holds all of them while it has none.

    Knows `x-ratelimit-remaining`, `x-ratelimit-reset` (https://docs.openaq.org/using-the-api/rate-limits)
    and `retry-after`. `sleep` returns true when the client was closed meanwhile.
    """

    def __init__(self, sleep: Callable[[float], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._left: int | None = None  # requests left in the server's period; None: the next answer will tell
        self._resets_at = 0.0
        self._held_until = 0.0
        self._in_flight = 0

    def enter(self) -> None:
        """Wait for a turn; raises SourceUnavailable when the wait is beyond reason or the client is closed."""
        while wait := self._take():
            if wait > LONGEST_WAIT_SECONDS:
                raise SourceUnavailable(f"The source allows no request for {wait:.0f} s. Run again after that.")
            log.info("rate limit reached, waiting %.1f s", wait)
            if self._sleep(wait):
                raise SourceUnavailable("The run was given up while it waited for the source's rate limit.")

    def leave(self, headers: Mapping[str, str] | None, *, refused: bool = False, otherwise: float = 1.0) -> None:
        """Take note of an answer; `refused` (429) that states no wait holds all requests for `otherwise` seconds."""
        told = headers or {}
        reset = _seconds(told.get("x-ratelimit-reset"))
        with self._lock:
            self._in_flight -= 1
            if refused:
                # A wait of zero, from a header in whole seconds, would use up the attempts within a moment.
                self._hold(_seconds(told.get("retry-after")) or reset or otherwise)
            elif (left := _count(told.get("x-ratelimit-remaining"))) is not None and reset is not None:
                self._note(left, reset)

    def _take(self) -> float:
        """Seconds to wait before asking again; 0 when this request may go."""
        with self._lock:
            now = self._clock()
            if now >= self._resets_at:
                self._left = None
            if now < self._held_until:
                return self._held_until - now
            if self._left is not None and self._left <= 0:
                return self._resets_at - now
            if self._left is not None:
                self._left -= 1
            self._in_flight += 1
            return 0.0

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + seconds)
        self._left = None

    def _note(self, left: int, reset: float) -> None:
        # Requests under way may not be in the server's count yet; what we counted ourselves is never raised.
        self._left = max(left - self._in_flight, 0) if self._left is None else min(left, self._left)
        self._resets_at = self._clock() + reset


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _seconds(text: str | None) -> float | None:
    """A header's wait: seconds, a point in time as a number, or an HTTP date; None when it is none of them."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return _until_date(text)
    if not 0 <= number < float("inf"):
        return None
    return max(number - time.time(), 0.0) if number > EPOCH else number


def _until_date(text: str) -> float | None:
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
