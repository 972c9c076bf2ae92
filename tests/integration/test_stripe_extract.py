"""The shop's payments from the Stripe stand-in into a lake on disk, with and without faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.errors import SchemaChanged, SettingsError, SourceRefused, SourceUnavailable
from tandem.extract.captured import Captured
from tandem.extract.ecommerce import SOURCES, capture
from tandem.lake.manifest import Manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store, open_store
from tandem.settings import Settings
from tandem.sources import http
from tandem.standins.stripe.server import StripeStandin

FIRST, SECOND = date(2025, 11, 1), date(2025, 11, 2)


@pytest.fixture(scope="module")
def account() -> Iterator[StripeStandin]:
    with StripeStandin() as running:
        yield running


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[Callable[..., StripeStandin]]:
    """Starts an account that holds these charges and nothing else."""
    started: list[StripeStandin] = []
    for feed in ("charges", "refunds"):
        (tmp_path / f"{feed}.jsonl").write_text("")

    def start(*charges: dict[str, Any]) -> StripeStandin:
        overlay = tmp_path / "overlay.json"
        overlay.write_text(json.dumps({"charges": charges}))
        started.append(StripeStandin(tmp_path, overlay=overlay).__enter__())
        return started[-1]

    yield start
    for running in started:
        running.__exit__(None, None, None)


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return open_store((tmp_path / "lake").as_uri())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without the long waits."""
    monkeypatch.setattr(http, "LONGEST_BACKOFF_SECONDS", 0.01)


def settings(account: StripeStandin, **other: Any) -> Settings:
    return Settings(**{"stripe_base_url": account.base_url, "stripe_api_key": account.api_key, **other})


def take(account: StripeStandin, lake: Store, feed: str, *days: date, **other: Any) -> Captured:
    return capture(settings(account, **other), lake, feed, days, lambda *_: None)


def objects(lake: Store, manifest: Manifest) -> list[dict[str, Any]]:
    return [one for _, payload in read_files(lake, manifest) for one in json.loads(payload)["data"]]


def charge(number: int, **other: Any) -> dict[str, Any]:
    whole = {
        "id": f"ch_{number}",
        "object": "charge",
        "amount": 100,
        "created": int(datetime(2025, 11, 1, tzinfo=UTC).timestamp()) + number,
        "currency": "usd",
        "status": "succeeded",
        "paid": True,
        "captured": True,
        "disputed": False,
        "failure_code": None,
        "metadata": {},
        "payment_method_details": None,
    }
    return {**whole, **other}


def test_every_payment_lands_once_and_as_served(account: StripeStandin, lake: Store) -> None:
    [manifest] = take(account, lake, "charges", FIRST).manifests
    found = objects(lake, manifest)
    assert len({one["id"] for one in found}) == len(found) > 1000
    assert max(one["created"] for one in found) < datetime(2025, 11, 2, tzinfo=UTC).timestamp()
    assert [file.origin["page"] for file in manifest.files] == list(range(1, len(manifest.files) + 1))
    assert sum(file.origin["rows"] for file in manifest.files) == len(found)
    first = httpx.get(
        f"{account.base_url}/v1/charges?created[lt]=1762041600&limit=100",
        headers={"Authorization": f"Bearer {account.api_key.get_secret_value()}"},
        trust_env=False,
    )
    assert next(payload for _, payload in read_files(lake, manifest)) == first.content


def test_a_later_day_takes_what_was_created_since_less_the_overlap(account: StripeStandin, lake: Store) -> None:
    first, second = take(account, lake, "charges", FIRST, SECOND).manifests
    begin = datetime(2025, 11, 1, tzinfo=UTC).timestamp()
    assert min(one["created"] for one in objects(lake, second)) >= begin
    known = {one["id"] for one in objects(lake, first)}
    since = {one["id"] for one in objects(lake, first) if one["created"] >= begin}
    assert {one["id"] for one in objects(lake, second)} & known == since


def test_a_refund_that_was_pending_is_asked_for_until_it_succeeds(lake: Store, tmp_path: Path) -> None:
    made = int(datetime(2025, 11, 1, tzinfo=UTC).timestamp())
    paid = {"id": "ch_1", "created": made, "amount": 100, "currency": "usd", "order": 1, "customer": 1, "country": "US"}
    refund = {"id": "re_1", "created": made, "amount": 100, "currency": "usd", "charge": "ch_1"}
    (tmp_path / "charges.jsonl").write_text(json.dumps({**paid, "brand": "visa", "last4": "4242"}))
    (tmp_path / "refunds.jsonl").write_text(json.dumps({**refund, "pending_until": made + 4 * 86400}))
    with StripeStandin(tmp_path) as account:
        days = [date(2025, 11, day) for day in range(1, 7)]
        captured = [objects(lake, one) for one in take(account, lake, "refunds", *days).manifests]
        assert [one["status"] for [one] in captured] == ["pending"] * 3 + ["succeeded"] * 3
        _, much_later = take(account, lake, "refunds", date(2025, 12, 20), date(2025, 12, 30)).manifests
    assert objects(lake, much_later) == []


def test_capturing_again_writes_nothing(account: StripeStandin, lake: Store) -> None:
    captured = take(account, lake, "refunds", FIRST, SECOND)
    before = sorted((item.path, item.modified) for item in lake.list())
    assert take(account, lake, "refunds", FIRST, SECOND) == captured
    assert sorted((item.path, item.modified) for item in lake.list()) == before


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "error", "count": 2}, id="500 twice"),
        pytest.param({"kind": "cut", "count": 2}, id="cut off"),
        pytest.param({"kind": "garbage", "count": 2}, id="half of the JSON"),
        pytest.param({"kind": "throttle", "count": 3, "seconds": 0.05}, id="429"),
    ],
)
def test_faults_leave_no_trace_in_what_lands(
    fault: dict[str, object], lake: Store, account: StripeStandin, tmp_path: Path
) -> None:
    undisturbed = take(account, open_store((tmp_path / "other").as_uri()), "charges", FIRST)
    httpx.post(f"{account.base_url}/faults", json=[fault], trust_env=False).raise_for_status()
    disturbed = take(account, lake, "charges", FIRST)
    assert disturbed.manifests[0].commit == undisturbed.manifests[0].commit


def test_lasting_trouble_leaves_no_commit_and_the_next_try_is_whole(lake: Store, account: StripeStandin) -> None:
    fault = {"kind": "error", "count": 5, "path": "/v1/refunds"}
    httpx.post(f"{account.base_url}/faults", json=[fault], trust_env=False).raise_for_status()
    with pytest.raises(SourceUnavailable) as error:
        take(account, lake, "refunds", FIRST)
    assert error.value.retryable
    assert read_manifest(lake, Zone.RAW, Partition("ecommerce", "refunds", FIRST)) is None
    assert objects(lake, take(account, lake, "refunds", FIRST).manifests[0])


def test_a_wrong_key_fails_at_once_and_is_not_shown(lake: Store, account: StripeStandin) -> None:
    with pytest.raises(SourceRefused, match="STRIPE_API_KEY") as error:
        take(account, lake, "charges", FIRST, stripe_api_key="rk_test_wrong")
    assert "rk_test_wrong" not in str(error.value)


def test_the_look_takes_the_key_to_the_server(account: StripeStandin) -> None:
    assert SOURCES["stripe"](settings(account)) == account.base_url
    with pytest.raises(SourceRefused, match="STRIPE_API_KEY"):
        SOURCES["stripe"](settings(account, stripe_api_key="rk_test_wrong"))


def test_settings_without_an_address_say_what_to_do(lake: Store) -> None:
    with pytest.raises(SettingsError, match="STRIPE_BASE_URL"):
        capture(Settings(), lake, "charges", [FIRST], lambda *_: None)


def test_what_changed_since_an_earlier_capture_of_the_day_stands_beside_it(
    holding: Callable[..., StripeStandin], lake: Store
) -> None:
    take(holding(charge(1)), lake, "charges", FIRST)
    [manifest] = take(holding(charge(1, disputed=True)), lake, "charges", FIRST).manifests
    assert [(one["disputed"]) for one in objects(lake, manifest)] == [False, True]
    assert [file.origin["attempt"] for file in manifest.files] == [1, 2]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        pytest.param({"amount": "1.00"}, "amount was integer and is now text", id="of another kind"),
        pytest.param({"metadata": []}, "metadata was object and is now list", id="an object became a list"),
    ],
)
def test_a_field_that_changed_in_every_charge_stops(
    holding: Callable[..., StripeStandin], lake: Store, changed: dict[str, Any], fault: str
) -> None:
    account = holding(charge(1, **changed), charge(2, **changed))
    with pytest.raises(SchemaChanged, match=fault):
        take(account, lake, "charges", FIRST)
    assert read_manifest(lake, Zone.RAW, Partition("ecommerce", "charges", FIRST)) is None


def test_a_field_that_no_charge_has_any_more_stops(holding: Callable[..., StripeStandin], lake: Store) -> None:
    renamed = charge(1)
    renamed["state"] = renamed.pop("status")
    with pytest.raises(SchemaChanged, match=r"status \(text\) is missing. New there: state \(text\)"):
        take(holding(renamed), lake, "charges", FIRST)


def test_a_single_bad_charge_is_kept_for_refining_to_set_aside(
    holding: Callable[..., StripeStandin], lake: Store
) -> None:
    captured = take(holding(charge(1), charge(2, amount=None), charge(3, amount="x")), lake, "charges", FIRST)
    assert len(objects(lake, captured.manifests[0])) == 3
    assert captured.notices == []


def test_a_new_field_is_told_unless_stripe_has_published_it(
    holding: Callable[..., StripeStandin], lake: Store, caplog: pytest.LogCaptureFixture
) -> None:
    [notice] = take(holding(charge(1, receipt_url="x", mood="good")), lake, "charges", FIRST).notices
    assert "mood (text)" in notice
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [notice]
