"""The shop's payments at Stripe: pages of charges and refunds, as served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tandem.extract.address import address_of
from tandem.extract.drift import check
from tandem.extract.json_fields import Fields
from tandem.extract.watermark import Window
from tandem.lake.raw import Capture
from tandem.lake.store import Store
from tandem.schemas import Entity
from tandem.settings import Settings
from tandem.sources.stripe import Stripe

# Top-level fields that Stripe publishes, in this version of its API or in others.
_OF_CHARGES = """
id object amount amount_captured amount_refunded application application_fee application_fee_amount balance_transaction
billing_details calculated_statement_descriptor captured created currency customer description destination dispute
disputed failure_balance_transaction failure_code failure_message fraud_details invoice level3 livemode metadata
on_behalf_of order outcome paid payment_intent payment_method payment_method_details presentment_details radar_options
receipt_email receipt_number receipt_url refunded refunds review shipping source source_transfer statement_descriptor
statement_descriptor_suffix status transfer transfer_data transfer_group
"""
_OF_REFUNDS = """
id object amount balance_transaction charge created currency customer customer_account description destination_details
failure_balance_transaction failure_reason instructions_email metadata next_action payment_intent payment_method
pending_reason presentment_details reason receipt_number source_transfer_reversal status transfer_reversal
"""
PUBLISHED = {"charges": frozenset(_OF_CHARGES.split()), "refunds": frozenset(_OF_REFUNDS.split())}


class Payments:
    """The payments of one account."""

    def __init__(self, source: Stripe) -> None:
        self._source = source

    def land(self, capture: Capture, entity: Entity, window: Window) -> list[str]:
        """Add the pages created in a window to a capture; returns notices, raises SchemaChanged after the last page."""
        fields = Fields(entity)
        for page in self._source.created(entity.name, window.changed_from, window.changed_before):
            capture.add(page.name, page.payload, {**page.origin, "rows": len(page.elements)})
            fields.note(page.elements)
        if not fields.seen:
            return []
        return check(entity, f"Stripe's list of {entity.name}", fields.observed(), known=PUBLISHED[entity.name])


@contextmanager
def open_payments(settings: Settings, lake: Store) -> Iterator[Payments]:
    """The Stripe that the settings name; raises SettingsError when they name none or lack what it needs."""
    with open_stripe(settings) as source:
        yield Payments(source)


def open_stripe(settings: Settings) -> Stripe:
    """A client of the Stripe that the settings name; raises as `open_payments` does."""
    return Stripe(address_of(settings, "STRIPE_BASE_URL"), settings.stripe_api_key)


def look(settings: Settings) -> str:
    """Where Stripe is, when it answers and takes the key; raises SettingsError or SourceError."""
    with open_stripe(settings) as source:
        source.knock()
    return settings.stripe_base_url
