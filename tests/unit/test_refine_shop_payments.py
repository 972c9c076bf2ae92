"""The rules by which Stripe's objects become charges and refunds, each with the object that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any
from zlib import crc32

import pytest

from tandem.lake.partition import Partition
from tandem.lake.processed import check_frame
from tandem.refine.ecommerce import refine_charges, refine_refunds
from tandem.refine.refined import RawFile, Refined
from tandem.schemas import Entity
from tandem.schemas.ecommerce import CHARGES, REFUNDS

DAY = date(2025, 11, 3)

REFINERS: dict[str, tuple[Entity, Callable[..., Refined]]] = {
    "charge": (CHARGES, refine_charges),
    "refund": (REFUNDS, refine_refunds),
}


def charge(**changes: Any) -> dict[str, Any]:
    """A charge of the shape that https://docs.stripe.com/api/charges/object shows."""
    card = {"brand": "visa", "checks": {"cvc_check": "pass"}, "country": "US", "exp_month": 8, "last4": "4242"}
    address = {"city": None, "country": "US", "line1": None, "postal_code": "90210", "state": None}
    return {
        "id": "ch_3Qa",
        "object": "charge",
        "amount": 5373,
        "amount_captured": 5373,
        "amount_refunded": 0,
        "balance_transaction": "txn_3Qa",
        "billing_details": {"address": address, "email": None, "name": "Ada Lovelace", "phone": None},
        "captured": True,
        "created": 1762171200,
        "currency": "usd",
        "description": None,
        "disputed": False,
        "failure_code": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {"order_id": "11"},
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_method_details": {"card": card, "type": "card"},
        "refunds": {"data": [], "has_more": False, "object": "list", "url": "/v1/charges/ch_3Qa/refunds"},
        "status": "succeeded",
    } | changes


def refund(**changes: Any) -> dict[str, Any]:
    """A refund of the shape that https://docs.stripe.com/api/refunds/object shows."""
    return {
        "id": "re_3Qa",
        "object": "refund",
        "amount": 1000,
        "balance_transaction": "txn_3Qb",
        "charge": "ch_3Qa",
        "created": 1762171200,
        "currency": "usd",
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "reason": "requested_by_customer",
        "status": "succeeded",
    } | changes


OBJECTS: dict[str, Callable[..., dict[str, Any]]] = {"charge": charge, "refund": refund}


def page(*elements: object, number: int = 1, attempt: int = 1) -> RawFile:
    content = {"object": "list", "url": "/v1/charges", "has_more": False, "data": elements}
    return payload(json.dumps(content, indent=2).encode(), number, attempt)


def payload(content: bytes, number: int = 1, attempt: int = 1) -> RawFile:
    origin = {"page": number, "attempt": attempt}
    return RawFile(f"page-{number:04}.{crc32(content):08x}.json", origin, lambda: content, len(content))


def refine(kind: str, *files: RawFile) -> Refined:
    entity, refiner = REFINERS[kind]
    refined = refiner(files, DAY)
    assert 2 * refined.counts["in"] == sum(refined.counts.values())
    for frame in refined.frames:
        check_frame(frame, Partition(entity.system, entity.name, DAY), entity)
    return refined


def one(kind: str, **changes: Any) -> dict[str, Any]:
    (record,) = refine(kind, page(OBJECTS[kind](**changes))).frames[0].to_dicts()
    return record


def test_a_charge_becomes_a_typed_row() -> None:
    assert one("charge") == {
        "charge_id": "ch_3Qa",
        "order_id": 11,
        "created_at": datetime(2025, 11, 3, 12),
        "amount": Decimal("53.730"),
        "currency": "USD",
        "status": "succeeded",
        "is_paid": True,
        "is_captured": True,
        "is_disputed": False,
        "failure_code": None,
        "payment_method": "card",
        "card_brand": "visa",
        "partition_date": DAY,
    }


def test_a_refund_becomes_a_typed_row() -> None:
    assert one("refund") == {
        "refund_id": "re_3Qa",
        "charge_id": "ch_3Qa",
        "created_at": datetime(2025, 11, 3, 12),
        "amount": Decimal("10.000"),
        "currency": "USD",
        "status": "succeeded",
        "reason": "requested_by_customer",
        "partition_date": DAY,
    }


@pytest.mark.parametrize(
    ("currency", "minor", "amount"),
    [
        pytest.param("eur", 1999, "19.990", id="two decimals"),
        pytest.param("JPY", 500, "500.000", id="no decimals"),
        pytest.param("kwd", 5120, "5.120", id="three decimals"),
        pytest.param("isk", 500, "5.000", id="no decimals, but sent with two"),
        pytest.param("ugx", 500, "5.000", id="listed without decimals, but sent with two"),
        pytest.param("usd", 0, "0.000", id="nothing"),
        pytest.param("usd", "5373", "53.730", id="as text"),
        pytest.param("usd", 99_999_999_999_999_999, "999999999999999.990", id="as large as can be"),
    ],
)
def test_an_amount_is_in_whole_units_of_its_currency(currency: str, minor: object, amount: str) -> None:
    record = one("charge", currency=currency, amount=minor)
    assert (record["amount"], record["currency"]) == (Decimal(amount), currency.upper())


@pytest.mark.parametrize(
    ("metadata", "order_id"),
    [
        pytest.param({"order_id": "11"}, 11, id="text"),
        pytest.param({"order_id": 11}, 11, id="number"),
        pytest.param({"order_id": "A-11"}, None, id="no number"),
        pytest.param({"order_id": "11.5"}, None, id="no whole number"),
        pytest.param({"order_id": ""}, None, id="empty"),
        pytest.param({"cart": "11"}, None, id="other metadata"),
        pytest.param({}, None, id="no metadata"),
        pytest.param(None, None, id="metadata is null"),
        pytest.param([], None, id="metadata is no object"),
    ],
)
def test_the_order_is_named_by_the_metadata(metadata: object, order_id: int | None) -> None:
    assert one("charge", metadata=metadata)["order_id"] == order_id


@pytest.mark.parametrize(
    ("details", "method", "brand"),
    [
        pytest.param({"type": "sepa_debit", "sepa_debit": {"last4": "3000"}}, "sepa_debit", None, id="no card"),
        pytest.param(None, None, None, id="unknown"),
        pytest.param({"type": "card", "card": "visa"}, "card", None, id="card is no object"),
    ],
)
def test_a_payment_method_may_be_no_card(details: object, method: str | None, brand: str | None) -> None:
    record = one("charge", payment_method_details=details)
    assert (record["payment_method"], record["card_brand"]) == (method, brand)


@pytest.mark.parametrize("name", ["paid", "captured", "disputed"])
@pytest.mark.parametrize("value", [None, "true", 1])
def test_what_is_neither_true_nor_false_is_unknown(name: str, value: object) -> None:
    assert one("charge", **{name: value})[f"is_{name}"] is None


@pytest.mark.parametrize("name", ["charge", "status", "reason"])
def test_a_refund_may_lack_what_is_not_essential(name: str) -> None:
    record = one("refund", **{name: None})
    assert record["charge_id" if name == "charge" else name] is None


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        pytest.param("object_unexpected", {"object": "payment_intent"}, id="another object"),
        pytest.param("object_unexpected", {"object": None}, id="an object of no kind"),
        pytest.param("id_missing", {"id": None}, id="no id"),
        pytest.param("id_missing", {"id": " "}, id="blank id"),
        pytest.param("created_missing", {"created": None}, id="no time"),
        pytest.param("created_missing", {"created": "2025-11-03"}, id="time in another notation"),
        pytest.param("created_missing", {"created": 1762171200000}, id="milliseconds"),
        pytest.param("created_missing", {"created": -1}, id="before the epoch"),
        pytest.param("currency_unknown", {"currency": None}, id="no currency"),
        pytest.param("currency_unknown", {"currency": "us"}, id="two letters"),
        pytest.param("currency_unknown", {"currency": "us1"}, id="a digit"),
        pytest.param("amount_invalid", {"amount": None}, id="no amount"),
        pytest.param("amount_invalid", {"amount": 53.73}, id="not in minor units"),
        pytest.param("amount_invalid", {"amount": -1}, id="negative"),
        pytest.param("amount_invalid", {"amount": True}, id="boolean"),
        pytest.param("amount_invalid", {"amount": 10**17}, id="beyond what is declared"),
    ],
)
def test_a_bad_object_is_set_aside_with_its_reason(kind: str, reason: str, changes: dict[str, Any]) -> None:
    bad = OBJECTS[kind](id="bad") | changes
    refined = refine(kind, page(OBJECTS[kind](), bad, OBJECTS[kind](id="other")))

    assert refined.reasons == {reason: 1}
    assert refined.counts["out"] == 2
    reject = refined.rejects.to_dicts()[0]
    assert (reject["origin"].startswith("page-0001"), reject["position"]) == (True, 1)
    assert json.loads(reject["payload"]) == bad


@pytest.mark.parametrize("status", [None, "", " ", {}])
def test_a_charge_without_status_is_set_aside(status: object) -> None:
    assert refine("charge", page(charge(status=status))).reasons == {"status_missing": 1}


@pytest.mark.parametrize("element", ["ch_3Qa", None, 5, ["ch_3Qa"]])
def test_what_is_no_object_is_set_aside(element: object) -> None:
    assert refine("charge", page(charge(), element)).reasons == {"row_invalid": 1}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"object": "list", "data": [{"id"', id="cut off"),
        pytest.param(b"<html>Bad gateway</html>", id="HTML"),
        pytest.param(b'{"error": {"message": "No such charge"}}', id="an error"),
        pytest.param(b'{"object": "search_result", "data": []}', id="no list"),
        pytest.param(b'{"object": "list", "data": null}', id="no data"),
        pytest.param(b'{"object": "list", "data": {}}', id="data is no array"),
        pytest.param(b'[{"object": "list", "data": []}]', id="array"),
        pytest.param(b'{"object": "list", "data": ["\xff"]}', id="not UTF-8"),
        pytest.param(b'{"object": "list", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested too deeply"),
    ],
)
def test_a_payload_that_is_no_list_is_one_reject_and_harms_no_other(content: bytes) -> None:
    refined = refine("charge", payload(content, number=2), page(charge()))

    assert refined.reasons == {"payload_invalid": 1}
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}
    assert refined.rejects["position"].to_list() == [None]


@pytest.mark.parametrize("kind", OBJECTS)
def test_nothing_gives_no_rows(kind: str) -> None:
    assert refine(kind).counts["in"] == refine(kind, page()).counts["in"] == 0


def test_what_was_served_last_wins() -> None:
    files = [
        page(charge(status="one"), charge(status="two"), number=9),
        page(charge(status="three"), number=10),
        page(charge(status="four"), number=1, attempt=2),
    ]
    statuses = [refine("charge", *files[:count]).frames[0]["status"].to_list() for count in (1, 2, 3)]

    assert statuses == [["two"], ["three"], ["four"]]
    assert refine("charge", *files).counts == {"in": 4, "out": 1, "superseded": 3, "outside": 0, "quarantined": 0}


def test_a_bad_object_does_not_remove_a_good_one() -> None:
    refined = refine("charge", page(charge()), page(charge(amount=None), attempt=2))
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}


def test_rows_come_out_the_same_in_whatever_order_files_are_given() -> None:
    files = [
        page(refund(id="re_2"), refund(id="re_1"), number=1),
        page(refund(id="re_3"), refund(id="re_1", amount=1), number=2),
        page(refund(id="re_3", status="failed"), refund(id=None), number=1, attempt=2),
    ]
    results = [refine("refund", *shuffled) for shuffled in permutations(files)]

    assert results[0].frames[0]["refund_id"].to_list() == ["re_1", "re_2", "re_3"]
    assert results[0].frames[0]["status"].to_list() == ["succeeded", "succeeded", "failed"]
    assert all(result.frames[0].equals(results[0].frames[0]) for result in results)
    assert all(result.rejects.equals(results[0].rejects) for result in results)


def test_more_pages_than_are_read_at_once_keep_their_order() -> None:
    pages = [page(charge(status=f"s{number}"), charge(id=f"ch_{number}"), number=number) for number in range(1, 71)]
    refined = refine("charge", *reversed(pages))
    statuses = dict(refined.frames[0].select("charge_id", "status").iter_rows())
    assert (len(statuses), statuses["ch_3Qa"]) == (71, "s70")
