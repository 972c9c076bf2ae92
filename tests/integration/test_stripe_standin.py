"""The Stripe stand-in over real sockets: its protocol, its refusals, and that it shows the account of any day."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.settings import SAMPLE_DATA
from tandem.standins.faults import Fault, RateLimit
from tandem.standins.stripe.server import StripeStandin

ROWS = [json.loads(line) for line in (SAMPLE_DATA / "ecommerce/stripe/charges.jsonl").read_text().splitlines()]
REFUNDS = [json.loads(line) for line in (SAMPLE_DATA / "ecommerce/stripe/refunds.jsonl").read_text().splitlines()]
CHARGE = {"id": "ch_x", "object": "charge", "created": 1762300000, "amount": 100, "currency": "usd", "metadata": {}}


@pytest.fixture(scope="module")
def standin() -> Iterator[StripeStandin]:
    with StripeStandin() as running:
        yield running


@pytest.fixture
def client(standin: StripeStandin) -> Iterator[httpx.Client]:
    with client_of(standin) as opened:
        yield opened


def client_of(standin: StripeStandin) -> httpx.Client:
    headers = {"Authorization": f"Bearer {standin.api_key.get_secret_value()}"}
    return httpx.Client(base_url=f"{standin.base_url}/v1", headers=headers, trust_env=False, timeout=5)


def second(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def pages(client: httpx.Client, feed: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    cursor: dict[str, str] = {}
    while True:
        page = client.get(f"/{feed}", params={"limit": 100, **query, **cursor}).raise_for_status().json()
        yield page["data"]
        if not page["has_more"]:
            return
        cursor = {"starting_after": page["data"][-1]["id"]}


def everything(client: httpx.Client, feed: str, **query: Any) -> dict[str, dict[str, Any]]:
    found = [one for page in pages(client, feed, **query) for one in page]
    assert len({one["id"] for one in found}) == len(found)
    return {one["id"]: one for one in found}


def test_a_page_is_a_list_of_ten_newest_first(client: httpx.Client) -> None:
    page = client.get("/charges").json()
    created = [one["created"] for one in page["data"]]
    assert (page["object"], page["url"], page["has_more"], len(created)) == ("list", "/v1/charges", True, 10)
    assert created == sorted(created, reverse=True)


def test_pages_cover_everything_once(client: httpx.Client) -> None:
    assert set(everything(client, "charges")) == {row["id"] for row in ROWS}


def test_a_page_before_a_cursor_ends_right_before_it(client: httpx.Client) -> None:
    found = client.get("/charges", params={"limit": 6}).json()["data"]
    ids = [one["id"] for one in found]
    before = client.get("/charges", params={"limit": 2, "ending_before": ids[4]}).json()
    assert ([one["id"] for one in before["data"]], before["has_more"]) == (ids[2:4], True)
    first = client.get("/charges", params={"limit": 4, "ending_before": ids[4]}).json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (ids[:4], False)


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ({"created[gte]": 1762041600, "created[lt]": 1762128000}, (1762041600, 1762128000)),
        ({"created[gt]": 1762041599, "created[lte]": 1762127999}, (1762041600, 1762128000)),
        ({"created[lt]": 1735689600}, (0, 1735689600)),
        ({"created": ROWS[7]["created"]}, (ROWS[7]["created"], ROWS[7]["created"] + 1)),
    ],
)
def test_created_bounds_what_is_listed(query: dict[str, int], bounds: tuple[int, int], client: httpx.Client) -> None:
    wanted = {row["id"] for row in ROWS if bounds[0] <= row["created"] < bounds[1]}
    assert set(everything(client, "charges", **query)) == wanted != set()


def test_a_charge_is_as_it_was_at_the_end_of_the_day(client: httpx.Client) -> None:
    times = Counter(refund["charge"] for refund in REFUNDS)
    refund = next(r for r in REFUNDS if r["created"] >= second("2025-11-04") and times[r["charge"]] == 1)
    paid = next(row for row in ROWS if row["id"] == refund["charge"])
    before = everything(client, "charges", **{"created[lt]": refund["created"]})[paid["id"]]
    after = everything(client, "charges")[paid["id"]]
    assert (before["amount_refunded"], before["refunded"], before["refunds"]["data"]) == (0, False, [])
    assert after["amount_refunded"] == refund["amount"]
    assert [one["id"] for one in after["refunds"]["data"]] == [refund["id"]]


def test_what_was_pending_is_pending_until_it_is_known(client: httpx.Client) -> None:
    row = next(row for row in ROWS if row.get("pending_until", 0) > second("2025-11-02"))
    then = everything(client, "charges", **{"created[lt]": row["pending_until"] - 1})[row["id"]]
    now = everything(client, "charges")[row["id"]]
    assert (then["status"], then["paid"], now["status"], now["paid"]) == ("pending", False, "succeeded", True)


def test_equal_requests_get_equal_bytes(client: httpx.Client) -> None:
    assert len({client.get("/refunds", params={"limit": 50}).content for _ in range(3)}) == 1


def test_every_answer_has_a_request_id_of_its_own(client: httpx.Client) -> None:
    ids = {client.get("/refunds").headers["request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(one.startswith("req_") for one in ids)


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("/charges?starting_after=ch_nope", 400, "resource_missing", "starting_after"),
        ("/refunds?ending_before=re_nope", 400, "resource_missing", "ending_before"),
        ("/charges?limit=0", 400, "parameter_invalid_integer", "limit"),
        ("/charges?limit=101", 400, "parameter_invalid_integer", "limit"),
        ("/charges?limit=ten", 400, "parameter_invalid_integer", "limit"),
        ("/charges?created[gte]=2025-11-01", 400, "parameter_invalid_integer", "created[gte]"),
        ("/charges?page=2", 400, "parameter_unknown", "page"),
        ("/charges?starting_after=a&ending_before=b", 400, None, None),
        ("/disputes", 404, None, None),
    ],
)
def test_errors_are_those_of_stripe(path: str, status: int, code: str, param: str, client: httpx.Client) -> None:
    answer = client.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (status, "invalid_request_error")
    assert (error.get("code"), error.get("param")) == (code, param)
    assert error["message"]


def test_the_key_may_be_a_bearer_or_the_user_name(standin: StripeStandin) -> None:
    key = standin.api_key.get_secret_value()
    answer = httpx.get(f"{standin.base_url}/v1/refunds", auth=(key, ""), trust_env=False)
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !"}])
def test_a_request_without_the_key_is_refused(headers: dict[str, str], standin: StripeStandin) -> None:
    answer = httpx.get(f"{standin.base_url}/v1/charges", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert answer.headers["www-authenticate"] == 'Basic realm="Stripe"'


@pytest.mark.parametrize(("kind", "code"), [("throttle", 429), ("error", 500), ("slow", 200)])
def test_a_fault_strikes_the_next_requests_and_then_no_more(kind: str, code: int, client: httpx.Client) -> None:
    client.post(client.base_url.join("/faults"), json=[{"kind": kind, "count": 2, "seconds": 0.01}]).raise_for_status()
    answers = [client.get("/refunds") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [code, code, 200]
    assert ("retry-after" in answers[0].headers) == (code == 429)


def test_a_cut_off_page_breaks_and_the_next_attempt_is_whole(client: httpx.Client) -> None:
    client.post(client.base_url.join("/faults"), json=[{"kind": "cut"}]).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/charges")
    assert len(client.get("/charges").json()["data"]) == 10


def test_too_many_requests_are_told_to_come_back() -> None:
    limit = RateLimit(limit=2, period_seconds=60)
    with StripeStandin(rate_limit=limit) as standin, client_of(standin) as client:
        answers = [client.get("/refunds") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["code"] == "rate_limit"
    assert 0 < float(answers[2].headers["retry-after"]) <= 60


def test_faults_can_be_given_at_the_start() -> None:
    with StripeStandin(faults=[Fault("error")]) as standin, client_of(standin) as client:
        assert [client.get("/charges").status_code for _ in range(2)] == [500, 200]


def test_an_overlay_adds_whole_objects_and_removes(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.json"
    overlay.write_text(json.dumps({"charges": [CHARGE], "remove": [ROWS[0]["id"]]}))
    with StripeStandin(overlay=overlay) as standin, client_of(standin) as client:
        found = everything(client, "charges")
        assert found["ch_x"] == CHARGE
        assert ROWS[0]["id"] not in found
        assert "ch_x" not in everything(client, "charges", **{"created[lt]": CHARGE["created"]})
