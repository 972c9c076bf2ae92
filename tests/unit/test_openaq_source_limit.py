"""The rate limit that all threads of a client share, on a clock of its own."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from tandem.errors import SourceUnavailable
from tandem.sources.limit import SharedLimit

NOW = time.time()


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> SharedLimit:
    return SharedLimit(clock.sleep, lambda: clock.now)


def told(remaining: int, reset: float = 30) -> dict[str, str]:
    return {"x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": str(reset)}


def test_requests_pass_while_nothing_is_known(limit: SharedLimit, clock: Clock) -> None:
    for _ in range(50):
        limit.enter()
        limit.leave({})
    assert clock.slept == []


def test_a_used_up_limit_holds_the_next_request_before_it_is_refused(limit: SharedLimit, clock: Clock) -> None:
    limit.enter()
    limit.leave(told(0))
    limit.enter()
    assert clock.slept == [30]


def test_requests_under_way_count_against_what_remains(limit: SharedLimit, clock: Clock) -> None:
    for _ in range(3):
        limit.enter()
    limit.leave(told(2))
    limit.enter()
    assert clock.slept == [30]


def test_answers_out_of_order_never_raise_what_remains(limit: SharedLimit, clock: Clock) -> None:
    limit.enter()
    limit.leave(told(2))
    for _ in range(2):
        limit.enter()
        limit.leave(told(9))
    limit.enter()
    assert clock.slept == [30]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"retry-after": "12"}, id="retry-after"),
        pytest.param({"retry-after": "12", "x-ratelimit-reset": "50"}, id="retry-after before reset"),
        pytest.param({"x-ratelimit-reset": "12"}, id="reset"),
        pytest.param({"x-ratelimit-reset": str(NOW + 12)}, id="reset as a point in time"),
        pytest.param({"retry-after": formatdate(NOW + 12, usegmt=True)}, id="retry-after as a date"),
        pytest.param({"retry-after": "0"}, id="retry-after zero"),
        pytest.param({}, id="no header"),
        pytest.param({"retry-after": "soon"}, id="nonsense"),
    ],
)
def test_a_refusal_holds_everybody_as_long_as_it_says(
    headers: dict[str, str], limit: SharedLimit, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tandem.sources.limit.time.time", lambda: NOW)
    limit.enter()
    limit.leave(headers, refused=True, otherwise=12)
    limit.enter()
    assert clock.slept == [pytest.approx(12, abs=5)]


def test_a_late_answer_does_not_lengthen_a_refusals_wait(limit: SharedLimit, clock: Clock) -> None:
    limit.enter()
    limit.enter()
    limit.leave({"retry-after": "2"}, refused=True)
    limit.leave(told(50))
    limit.enter()
    assert clock.slept == [2]


def test_a_wait_beyond_reason_is_an_error(limit: SharedLimit) -> None:
    limit.enter()
    limit.leave({"retry-after": "86400"}, refused=True)
    with pytest.raises(SourceUnavailable, match="86400 s"):
        limit.enter()
