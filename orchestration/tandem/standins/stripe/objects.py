"""Stripe's objects from compact rows, as they were at a given second.

Shapes: https://docs.stripe.com/api/charges/object and https://docs.stripe.com/api/refunds/object. A row holds what is
not the same in every object: `id`, `created`, `amount`, `currency`; a charge's `order`, `customer`, `country`, `brand`
(none: a direct debit), `last4`, `status` (none: succeeded), `failure_code`, `pending_until` (until when the status was
pending) and `disputed_at`; a refund's `charge`, `reason`, `status` and `pending_until`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Row = Mapping[str, Any]
MESSAGES = {
    "card_declined": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
}


def status_of(row: Row, as_of: float) -> str:
    """What the status was then."""
    return "pending" if row.get("pending_until", 0) > as_of else str(row.get("status", "succeeded"))


def charge(row: Row, refunds: Sequence[Row], as_of: float) -> Json:
    """A charge as it was then; `refunds` are all of it that were made by then."""
    name, amount, status = row["id"], row["amount"], status_of(row, as_of)
    succeeded = status == "succeeded"
    given_back = sum(one["amount"] for one in refunds if status_of(one, as_of) in ("succeeded", "pending"))
    return {
        "id": name,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if succeeded else 0,
        "amount_refunded": given_back,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": _derived("txn", name) if succeeded else None,
        "billing_details": _billing(row),
        "calculated_statement_descriptor": "TANDEM SHOP",
        "captured": status != "failed",
        "created": row["created"],
        "currency": row["currency"],
        "customer": f"cus_{row['customer']:014}" if "customer" in row else None,
        "description": None,
        "disputed": 0 < row.get("disputed_at", 0) < as_of,
        "failure_balance_transaction": None,
        "failure_code": row.get("failure_code") if status == "failed" else None,
        "failure_message": MESSAGES.get(row.get("failure_code", "")) if status == "failed" else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {"order_id": str(row["order"])} if "order" in row else {},
        "on_behalf_of": None,
        "outcome": _outcome(row, status),
        "paid": succeeded,
        "payment_intent": _derived("pi", name),
        "payment_method": _derived("pm", name),
        "payment_method_details": _card(row) if "brand" in row else _debit(row),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": given_back >= amount > 0,
        "refunds": {
            "object": "list",
            "data": [refund(one, as_of) for one in refunds],
            "has_more": False,
            "url": f"/v1/charges/{name}/refunds",
        },
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(row: Row, as_of: float) -> Json:
    """A refund as it was then."""
    status = status_of(row, as_of)
    made = {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": _derived("txn", row["id"]),
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "metadata": {},
        "payment_intent": _derived("pi", row["charge"]),
        "payment_method": _derived("pm", row["charge"]),
        "reason": row.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    failed = {"failure_reason": "expired_or_canceled_card", "failure_balance_transaction": None}
    return {**made, **failed} if status == "failed" else made


def _derived(prefix: str, name: str) -> str:
    """The id of something that belongs to the object of this id."""
    return f"{prefix}_{name.partition('_')[2]}"


def _billing(row: Row) -> Json:
    address = {"city": None, "country": row.get("country"), "line1": None, "line2": None}
    return {
        "address": {**address, "postal_code": None, "state": None},
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    }


def _outcome(row: Row, status: str) -> Json:
    declined = status == "failed"
    return {
        "advice_code": "try_again_later" if declined else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": row.get("failure_code") if declined else None,
        "seller_message": "The bank declined the payment." if declined else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def _card(row: Row) -> Json:
    card = {
        "amount_authorized": row["amount"],
        "authorization_code": None,
        "brand": row["brand"],
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": row.get("country"),
        "exp_month": 1 + row["created"] % 12,
        "exp_year": 2028,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": row["id"][-16:],
        "funding": "credit",
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": row.get("last4"),
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": row["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": row["amount"], "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }
    return {"card": card, "type": "card"}


def _debit(row: Row) -> Json:
    debit = {
        "bank_code": None,
        "branch_code": None,
        "country": row.get("country"),
        "fingerprint": row["id"][-16:],
        "last4": row.get("last4"),
        "mandate": _derived("mandate", row["id"]),
    }
    return {"sepa_debit": debit, "type": "sepa_debit"}
