"""Charges and refunds at Stripe, as compact rows: what is not the same in every object (see the stand-in)."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from ecommerce_sample.draws import DAY, below, stripe_id
from ecommerce_sample.lives import Payment
from ecommerce_sample.orders import Order
from ecommerce_sample.span import Span

Row = dict[str, Any]
BRANDS = ("visa", "visa", "mastercard", "amex")
REASONS = ("requested_by_customer", "requested_by_customer", "duplicate", None)
WITHOUT_METADATA, DISPUTED = 149, 463  # every so many orders


def payments_of(span: Span, order: Order) -> Iterator[tuple[str, Row]]:
    """The charges and refunds of one order: `charges` or `refunds`, and the row."""
    random = Random(span.seed * 32_452_843 + order.id)
    paid = None
    for n, payment in enumerate(order.life.payments):
        charge = _charge(random, order, payment, n)
        if payment.second < span.ends:
            yield "charges", charge
        paid = charge if payment.status == "succeeded" else paid
    for n, repayment in enumerate(order.life.repayments):
        if paid is None or repayment.second >= span.ends:
            continue
        refund = {
            "id": stripe_id("re", span.seed, order.id, n),
            "created": repayment.second,
            "amount": order.total * repayment.percent // 100,
            "currency": order.currency.lower(),
            "charge": paid["id"],
            "reason": REASONS[below(random, 4)],
            "status": repayment.status,
            "pending_until": repayment.pending_until,
        }
        yield "refunds", compact(refund)


def _charge(random: Random, order: Order, payment: Payment, n: int) -> Row:
    debit = payment.pending_until > 0
    row = {
        "id": stripe_id("ch", order.second, order.id, n),
        "created": payment.second,
        "amount": order.total,
        "currency": order.currency.lower(),
        "order": None if order.id % WITHOUT_METADATA == 0 else order.id,
        "customer": order.customer,
        "country": order.where.code,
        "brand": None if debit else BRANDS[below(random, 4)],
        "last4": f"{below(random, 10_000):04}",
        "status": payment.status,
        "failure_code": payment.failure,
        "pending_until": payment.pending_until,
        "disputed_at": payment.second + 3 * DAY if order.id % DISPUTED == 0 else 0,
    }
    return compact(row)


def compact(row: Row) -> Row:
    """Without what says nothing: no value, and the status that nearly all have."""
    return {name: value for name, value in row.items() if value not in (None, "", 0) and (name, value) != STATUS}


STATUS = ("status", "succeeded")
