"""The OpenAQ client against a scripted transport: paging, retries, refusals. No socket is opened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date

import httpx
import pytest
from pydantic import SecretStr

from tandem.errors import SettingsError, SourceRefused, SourceUnavailable
from tandem.sources.openaq import OpenAQ

KEY = "k3y-that-nobody-may-see"
DAY = date(2025, 11, 20)
Reply = httpx.Response | Exception


def page(rows: Iterable[int], found: object = None, limit: int = 1000, **headers: str) -> httpx.Response:
    meta = {"limit": limit} if found is None else {"limit": limit, "found": found}
    return httpx.Response(200, json={"meta": meta, "results": [{"value": row} for row in rows]}, headers=headers)


class Script:
    """Answers by turns, keeps what was asked, and how long the client wanted to wait."""

    def __init__(self, *replies: Reply | Callable[[httpx.Request], httpx.Response]) -> None:
        self.replies = list(replies)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    def source(
        self, base_url: str = "https://air.test", key: str = KEY, sleep: Callable[[float], object] | None = None
    ) -> OpenAQ:
        transport = httpx.MockTransport(self)
        return OpenAQ(base_url, SecretStr(key), transport=transport, sleep=sleep or self.waits.append)

    def pages(self) -> list[list[int]]:
        bodies = [json.loads(found.payload) for found in self.source().measurements(37, DAY)]
        return [[row["value"] for row in body["results"]] for body in bodies]


def numbered(total: int, cap: int = 1000, found: Callable[[int], object] | None = None, echo: int = 1000) -> Script:
    """A server of `total` rows that gives at most `cap` a page and says `echo` is its limit."""

    def serve(request: httpx.Request) -> httpx.Response:
        start = (int(request.url.params["page"]) - 1) * cap
        rows = range(total)[start : start + cap]
        return page(rows, found(len(rows)) if found else None, echo)

    return Script(serve)


def test_a_day_is_asked_for_from_midnight_to_midnight_utc_with_the_key_in_its_header() -> None:
    script = Script(page([1], 1))
    script.pages()
    assert str(script.asked[0].url) == (
        "https://air.test/v3/sensors/37/measurements?datetime_from=2025-11-20T00%3A00%3A00Z"
        "&datetime_to=2025-11-21T00%3A00%3A00Z&limit=1000&page=1"
    )
    assert script.asked[0].headers["X-API-Key"] == KEY


@pytest.mark.parametrize(
    "base", ["https://air.test", "https://air.test/", "https://air.test/v3", "https://air.test/v3/"]
)
def test_the_base_address_may_end_in_a_slash_or_in_v3(base: str) -> None:
    script = Script(page([], 0))
    list(script.source(base).locations())
    assert str(script.asked[0].url) == "https://air.test/v3/locations?limit=1000&page=1"


def test_no_key_sends_no_header() -> None:
    script = Script(page([], 0))
    list(script.source(key="").locations())
    assert "X-API-Key" not in script.asked[0].headers


def test_the_register_is_asked_for_country_by_country() -> None:
    script = Script(page([], 0))
    names = [found.name for found in script.source().locations(("vn", "ES"))]
    assert names == ["locations-VN-page-0001", "locations-ES-page-0001"]
    assert [request.url.params["iso"] for request in script.asked] == ["VN", "ES"]


def test_pages_carry_a_name_and_their_origin() -> None:
    pages = list(numbered(1500).source().measurements(37, DAY))
    assert [found.name for found in pages] == ["sensor-37-page-0001", "sensor-37-page-0002"]
    assert pages[1].origin == {"path": "/v3/sensors/37/measurements", "sensor_id": 37, "page": 2}


def test_the_payload_is_kept_byte_for_byte() -> None:
    served = '{ "results" : [ {"value": 1.50, "units": "µg/m³"} ],\n "meta": {"found": 1}, "new": null }\n'.encode()
    pages = list(Script(httpx.Response(200, content=served)).source().measurements(37, DAY))
    assert [found.payload for found in pages] == [served]


def test_an_empty_day_is_one_empty_page() -> None:
    assert Script(page([], 0)).pages() == [[]]


@pytest.mark.parametrize(
    ("script", "rows", "requests"),
    [
        pytest.param(numbered(2500, found=lambda _: 2500), 2500, 3, id="found is the total"),
        pytest.param(numbered(2500, found=lambda n: ">1000" if n == 1000 else n), 2500, 3, id="found is >1000"),
        pytest.param(numbered(2500), 2500, 3, id="found is absent"),
        pytest.param(numbered(2000, found=lambda n: ">1000" if n else 0), 2000, 3, id="last page is full"),
        pytest.param(numbered(250, cap=100, echo=100), 250, 3, id="limit capped, and said so"),
        pytest.param(numbered(250, cap=100, found=lambda _: 250), 250, 3, id="limit capped, found is the total"),
        pytest.param(numbered(150, cap=100, found=lambda _: ">100"), 150, 2, id="limit capped, found is >100"),
        pytest.param(numbered(30, found=lambda _: 40), 30, 2, id="found promises more than there is"),
        pytest.param(numbered(30, found=lambda _: "30"), 30, 1, id="found is a number as text"),
    ],
)
def test_paging_ends_after_the_last_row(script: Script, rows: int, requests: int) -> None:
    assert [row for page_of_rows in script.pages() for row in page_of_rows] == list(range(rows))
    assert len(script.asked) == requests


def test_a_server_that_ignores_the_page_number_is_read_once() -> None:
    script = Script(page(range(1000), ">1000"))
    assert script.pages() == [list(range(1000))]
    assert len(script.asked) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_fails_at_once_and_is_not_shown(status: int) -> None:
    script = Script(httpx.Response(status, json={"detail": f"bad key {KEY}"}))
    with pytest.raises(SourceRefused, match="OPENAQ_API_KEY is not accepted") as error:
        script.pages()
    assert len(script.asked) == 1
    assert KEY not in str(error.value)


def test_a_missing_key_is_called_missing() -> None:
    with pytest.raises(SourceRefused, match="OPENAQ_API_KEY is not set"):
        list(Script(httpx.Response(401)).source(key="").locations())


def test_a_rejected_request_fails_at_once_with_the_answer_and_without_the_key() -> None:
    script = Script(httpx.Response(422, json={"detail": f"limit; key {KEY}"}))
    with pytest.raises(SourceRefused, match=r"answered 422.*limit") as error:
        script.pages()
    assert len(script.asked) == 1
    assert KEY not in str(error.value)


def test_a_redirect_is_not_followed_with_the_key() -> None:
    script = Script(httpx.Response(301, headers={"location": "https://elsewhere.test/"}))
    with pytest.raises(SourceRefused, match="OPENAQ_BASE_URL"):
        script.pages()
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(httpx.Response(500), id="500"),
        pytest.param(httpx.Response(503), id="503"),
        pytest.param(httpx.Response(408), id="408"),
        pytest.param(httpx.ReadTimeout("slow"), id="time-out"),
        pytest.param(httpx.ConnectError("refused"), id="no connection"),
        pytest.param(httpx.RemoteProtocolError("peer closed connection"), id="cut off"),
        pytest.param(httpx.Response(200, content=b'{"meta": {}, "results": [{"val'), id="truncated JSON"),
        pytest.param(httpx.Response(200, content=b"<html>busy</html>"), id="no JSON"),
        pytest.param(httpx.Response(200, json=["busy"]), id="no object"),
        pytest.param(httpx.Response(200, json={"message": "busy"}), id="no results"),
    ],
)
def test_passing_trouble_is_asked_again_after_a_wait(trouble: Reply) -> None:
    script = Script(trouble, page([1, 2], 2))
    assert script.pages() == [[1, 2]]
    assert len(script.waits) == 1


@pytest.mark.parametrize("trouble", [httpx.Response(500), httpx.ConnectError("refused"), httpx.Response(200, text="{")])
def test_lasting_trouble_is_given_up_after_five_attempts(trouble: Reply) -> None:
    script = Script(trouble)
    with pytest.raises(SourceUnavailable, match=r"5 attempts.*OPENAQ_BASE_URL"):
        script.pages()
    assert len(script.asked) == 5


def test_429_waits_as_long_as_the_header_says() -> None:
    script = Script(httpx.Response(429, headers={"retry-after": "7"}))
    source = script.source(sleep=lambda seconds: script.waits.append(seconds) or "closed meanwhile")
    with pytest.raises(SourceUnavailable, match="given up"):
        list(source.measurements(37, DAY))
    assert script.waits == [pytest.approx(7, abs=0.5)]


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_a_key_that_no_header_carries_is_a_settings_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(SettingsError, match="OPENAQ_API_KEY") as error:
        OpenAQ("https://air.test", SecretStr(key))
    assert key not in str(error.value)


@pytest.mark.parametrize("base", ["", "air.test", "ftp://air.test", "http://"])
def test_an_address_that_is_none_is_a_settings_error(base: str) -> None:
    with pytest.raises(SettingsError, match="OPENAQ_BASE_URL"):
        OpenAQ(base, SecretStr(KEY))
