"""The Stripe client against a scripted transport: cursors, retries, refusals. No socket is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest
from pydantic import SecretStr

from tandem.errors import SettingsError, SourceRefused, SourceUnavailable
from tandem.sources.limit import SharedLimit
from tandem.sources.stripe import Stripe

KEY = "rk_test_that_nobody_may_see"
BEGIN = datetime(2025, 11, 2, tzinfo=UTC)
BEFORE = datetime(2025, 11, 4, tzinfo=UTC)
Reply = httpx.Response | Exception


def page(*ids: str, more: bool = False) -> httpx.Response:
    return httpx.Response(200, json={"object": "list", "data": [{"id": one} for one in ids], "has_more": more})


def trouble(status: int, message: str = "Too bad.", **headers: str) -> httpx.Response:
    body = {"error": {"type": "api_error", "message": message}}
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


class Clock:
    """A time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self) -> float:
        return sum(self.waits)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the client takes for the time, and where its waits are kept."""
    clock = Clock()
    monkeypatch.setattr("tandem.sources.http.SharedLimit", partial(SharedLimit, clock=clock))
    monkeypatch.setattr(Script, "waits", clock.waits, raising=False)
    return clock


class Script:
    """Answers by turns, keeps what was asked, and how long the client wanted to wait."""

    waits: list[float]

    def __init__(self, *replies: Reply | Callable[[httpx.Request], httpx.Response]) -> None:
        self.replies = list(replies)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    def source(self, base_url: str = "https://pay.test", key: str = KEY) -> Stripe:
        return Stripe(base_url, SecretStr(key), transport=httpx.MockTransport(self), sleep=self.waits.append)

    def ids(self, begin: datetime | None = BEGIN) -> list[str]:
        pages = self.source().created("charges", begin, BEFORE)
        return [one["id"] for found in pages for one in json.loads(found.payload)["data"]]

    @property
    def cursors(self) -> list[str | None]:
        return [request.url.params.get("starting_after") for request in self.asked]


def account(total: int, broken: dict[int, list[Reply]] | None = None) -> Script:
    """An account of `total` charges, newest first; `broken` answers come before the good one of that request."""
    ids = [f"ch_{number}" for number in range(total)]
    faults = {number: list(replies) for number, replies in (broken or {}).items()}

    def serve(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("starting_after")
        start = ids.index(after) + 1 if after else 0
        if waiting := faults.get(start):
            reply = waiting.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return reply
        end = start + int(request.url.params["limit"])
        return page(*ids[start:end], more=end < total)

    return Script(serve)


def test_a_span_is_asked_for_in_epoch_seconds_with_the_key_as_bearer() -> None:
    script = Script(page("ch_1"))
    script.ids()
    assert str(script.asked[0].url) == (
        "https://pay.test/v1/charges?created%5Blt%5D=1762214400&created%5Bgte%5D=1762041600&limit=100"
    )
    assert script.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert script.asked[0].headers["Stripe-Version"] == "2024-06-20"


def test_a_first_capture_asks_without_a_beginning() -> None:
    script = Script(page())
    script.ids(None)
    assert dict(script.asked[0].url.params) == {"created[lt]": "1762214400", "limit": "100"}


@pytest.mark.parametrize("base", ["https://pay.test/", "https://pay.test/v1", "https://pay.test/v1/"])
def test_the_base_address_may_end_in_a_slash_or_in_v1(base: str) -> None:
    script = Script(page())
    list(script.source(base).created("refunds", None, BEFORE))
    assert script.asked[0].url.path == "/v1/refunds"


@pytest.mark.parametrize(("total", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_every_object_comes_once(total: int, requests: int) -> None:
    script = account(total)
    assert script.ids() == [f"ch_{number}" for number in range(total)]
    assert len(script.asked) == requests


def test_pages_carry_a_name_their_origin_and_their_exact_bytes() -> None:
    served = b'{"data": [ {"id":"ch_1", "amount": 100} ],\n "has_more": false}\n'
    [found] = Script(httpx.Response(200, content=served)).source().created("charges", BEGIN, BEFORE)
    assert (found.name, found.payload) == ("charges-page-0001", served)
    assert found.origin == {
        "path": "/v1/charges",
        "created[gte]": 1762041600,
        "created[lt]": 1762214400,
        "page": 1,
    }
    assert found.elements == [{"id": "ch_1", "amount": 100}]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(trouble(500), id="500"),
        pytest.param(trouble(503), id="503"),
        pytest.param(trouble(409, stripe_should_retry="true"), id="409 that says to try again"),
        pytest.param(trouble(429, retry_after="2"), id="429 with Retry-After"),
        pytest.param(trouble(429), id="429 without"),
        pytest.param(httpx.RemoteProtocolError("cut off"), id="cut off"),
        pytest.param(httpx.ReadTimeout("slow"), id="slow"),
        pytest.param(httpx.Response(200, content=b'{"object": "list", "data": [{"id": "ch'), id="half of the JSON"),
        pytest.param(httpx.Response(200, content=b"<html>"), id="a web page"),
        pytest.param(httpx.Response(200, json={"data": [], "has_more": True}), id="more, but no data"),
        pytest.param(httpx.Response(200, json={"data": [{"id": 7}], "has_more": True}), id="more, but no cursor"),
        pytest.param(httpx.Response(200, json={"data": [{"id": "ch_1"}]}), id="no has_more"),
    ],
)
def test_a_broken_page_is_asked_for_again_at_the_same_cursor(fault: Reply) -> None:
    script = account(250, {100: [fault, fault]})
    assert script.ids() == [f"ch_{number}" for number in range(250)]
    assert script.cursors == [None, "ch_99", "ch_99", "ch_99", "ch_199"]
    assert len(script.waits) == 2


def test_429_waits_as_long_as_the_server_says() -> None:
    script = Script(trouble(429, retry_after="7"), page("ch_1"))
    assert script.ids() == ["ch_1"]
    assert script.waits == [7]


def test_429_that_says_nothing_waits_longer_each_time() -> None:
    script = Script(trouble(429), trouble(429), trouble(429), page("ch_1"))
    script.ids()
    assert script.waits == [1, 2, 4]


def test_lasting_trouble_ends_with_what_the_server_said() -> None:
    script = Script(trouble(500, "The moon is full."))
    with pytest.raises(SourceUnavailable, match=r"api_error: The moon is full\.") as error:
        script.ids()
    assert error.value.retryable
    assert len(script.asked) == 5


def test_a_server_that_says_not_to_ask_again_is_not_asked_again() -> None:
    script = Script(trouble(500, stripe_should_retry="false"))
    with pytest.raises(SourceUnavailable, match="no use"):
        script.ids()
    assert len(script.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_an_error_at_once_that_does_not_show_it(status: int) -> None:
    script = Script(trouble(status, f"The key {KEY} lacks the permission rak_charge_read."))
    with pytest.raises(SourceRefused, match="STRIPE_API_KEY") as error:
        script.ids()
    assert "rak_charge_read" in str(error.value)
    assert KEY not in str(error.value)
    assert len(script.asked) == 1


def test_a_refused_request_says_why() -> None:
    with pytest.raises(SourceRefused, match=r"400: invalid_request_error: No such charge: 'ch_9'") as error:
        Script(
            httpx.Response(
                400, json={"error": {"type": "invalid_request_error", "message": f"No such charge: 'ch_9' {KEY}"}}
            )
        ).ids()
    assert KEY not in str(error.value)


def test_no_key_says_that_none_is_set() -> None:
    script = Script(trouble(401))
    with pytest.raises(SourceRefused, match="STRIPE_API_KEY is not set"):
        list(script.source(key="").created("charges", None, BEFORE))
    assert "Authorization" not in script.asked[0].headers


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([page("ch_1", "ch_2", more=True)], id="stands still"),
        pytest.param([page("ch_2", more=True), page("ch_1", more=True), page("ch_2", more=True)], id="goes round"),
    ],
)
def test_a_list_whose_cursor_comes_back_is_given_up(replies: list[httpx.Response]) -> None:
    with pytest.raises(SourceUnavailable, match="goes round: ch_2"):
        Script(*replies).ids()


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.sources.stripe.MAX_PAGES", 7)
    script = Script(lambda request: page(f"{request.url.params.get('starting_after', 'ch')}x", more=True))
    with pytest.raises(SourceUnavailable, match="no end after 7 pages"):
        script.ids()
    assert len(script.asked) == 7


def test_a_knock_tries_both_lists() -> None:
    script = Script(page())
    script.source().knock()
    assert [request.url.path for request in script.asked] == ["/v1/charges", "/v1/refunds"]


def test_an_address_that_is_none_names_its_setting() -> None:
    with pytest.raises(SettingsError, match="STRIPE_BASE_URL"):
        Script(page()).source("pay.test")
