"""Stripe's charges and refunds: pages of API lists become one row per object.

1. A page that is no list is set aside: payload_invalid; an element that is no object: row_invalid; an object of
   another kind: object_unexpected.
2. Set aside: id_missing, created_missing (no epoch seconds), currency_unknown (not three letters), amount_invalid (no
   whole number of minor units, negative, or beyond 15 digits), status_missing (charges).
3. Of the good rows with the same id the one that was served last wins: latest attempt, then page, then place in it.

Amounts come in minor units, how many decimals that is depends on the currency: https://docs.stripe.com/currencies.
UGX is in its list of zero-decimal currencies, but its special cases say that 5 UGX are sent as 500, as with ISK.
An order's id is in the metadata of its charge; what is no whole number there names no order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from tandem.lake.store import in_parallel
from tandem.refine.elements import Row, elements, last_of_each
from tandem.refine.json_values import nested, text, truth, whole
from tandem.refine.refined import RawFile, Refined, Reject, attempt_of, page_of
from tandem.schemas import Entity
from tandem.schemas.ecommerce import CHARGES, REFUNDS

DECIMALS = dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3) | dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
)
PAGES_AT_ONCE = 32

_CURRENCY = re.compile(r"[A-Z]{3}")
_EPOCH = datetime(1970, 1, 1)
_END_OF_TIME = 253_402_300_800  # year 10000, in epoch seconds
_LIMIT = Decimal(10) ** 15


def refine_charges(files: Iterable[RawFile], day: date) -> Refined:
    """The charges of one capture, sorted by id."""
    return _refine(CHARGES, "charge", files, day, _charge)


def refine_refunds(files: Iterable[RawFile], day: date) -> Refined:
    """The refunds of one capture, sorted by id."""
    return _refine(REFUNDS, "refund", files, day, _refund)


def _refine(
    entity: Entity, kind: str, files: Iterable[RawFile], day: date, typed: Callable[[dict[str, Any]], Row | str]
) -> Refined:
    rejects: list[Reject] = []
    found = elements(_payloads(files), load_page, rejects)
    return last_of_each(entity, (one.typed(_row(one.content, kind, typed)) for one in found), rejects, day)


def _payloads(files: Iterable[RawFile]) -> Iterator[tuple[RawFile, bytes]]:
    # Some at once, because each waits on the store; not all at once, because a year of them is half a gigabyte.
    ordered = iter(sorted(files, key=lambda file: (attempt_of(file), page_of(file), file.name)))
    while batch := list(islice(ordered, PAGES_AT_ONCE)):
        yield from zip(batch, in_parallel(lambda file: file.read(), batch), strict=True)


def load_page(payload: bytes) -> list[Any]:
    """The elements of a list of the API; raises ValueError that says why this is none."""
    try:
        content = json.loads(payload)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    data = content.get("data") if isinstance(content, dict) and content.get("object") == "list" else None
    if not isinstance(data, list):
        raise ValueError("not a list object with an array `data`")  # noqa: TRY004 (wrong data, not a wrong call)
    return data


def _row(element: object, kind: str, typed: Callable[[dict[str, Any]], Row | str]) -> Row | str:
    if not isinstance(element, dict):
        return "row_invalid"
    return typed(element) if element.get("object") == kind else "object_unexpected"


def _charge(charge: dict[str, Any]) -> Row | str:
    paid = _payment(charge)
    status = _words(charge.get("status"))
    if isinstance(paid, str):
        return paid
    if status is None:
        return "status_missing"
    charge_id, *money = paid
    return (
        charge_id,
        whole(nested(charge, "metadata", "order_id")),
        *money,
        status,
        truth(charge.get("paid")),
        truth(charge.get("captured")),
        truth(charge.get("disputed")),
        _words(charge.get("failure_code")),
        _words(nested(charge, "payment_method_details", "type")),
        _words(nested(charge, "payment_method_details", "card", "brand")),
    )


def _refund(refund: dict[str, Any]) -> Row | str:
    paid = _payment(refund)
    if isinstance(paid, str):
        return paid
    refund_id, *money = paid
    return (refund_id, _words(refund.get("charge")), *money, _words(refund.get("status")), _words(refund.get("reason")))


def _payment(element: dict[str, Any]) -> Row | str:
    """Id, time, amount and currency, which charges and refunds have in common."""
    key = _words(element.get("id"))
    created = whole(element.get("created"))
    currency = (_words(element.get("currency")) or "").upper()
    if key is None:
        return "id_missing"
    if created is None or not 0 <= created < _END_OF_TIME:
        return "created_missing"
    if not _CURRENCY.fullmatch(currency):
        return "currency_unknown"
    amount = _amount(whole(element.get("amount")), currency)
    return "amount_invalid" if amount is None else (key, _EPOCH + timedelta(seconds=created), amount, currency)


def _amount(minor: int | None, currency: str) -> Decimal | None:
    """An amount in whole units of its currency."""
    found = None if minor is None else Decimal(minor).scaleb(-DECIMALS.get(currency, 2))
    return found if found is not None and 0 <= found < _LIMIT else None


def _words(value: object) -> str | None:
    return (text(value) or "").strip() or None
