"""Customers by tier."""

from __future__ import annotations

from tandem.report.blocks import ROWS, Column, Table
from tandem.report.ecommerce.marts import Tier
from tandem.report.ecommerce.view import View
from tandem.report.words import money, share

_TIERS = ("platinum", "gold", "silver", "bronze")


def tier_table(view: View) -> Table:
    """Customers as they are now: how many in each tier, and what they are worth."""
    customers, value = sum(t.customers for t in view.tiers), sum(t.lifetime_value for t in view.tiers)
    rows = [
        [
            row.tier or "none",
            f"{row.customers:,}",
            share(row.customers, customers),
            money(row.lifetime_value),
            share(row.lifetime_value, value),
            money(row.lifetime_value / row.customers),
        ]
        for row in sorted(view.tiers, key=_rank)[:ROWS]
    ]
    words = ("Tier", "Customers", "Share of customers", "Lifetime value", "Share of value", "Value of one")
    note = "Each customer once, as of now and over the whole history, whatever days are shown above."
    columns = [Column(word, figures=word != "Tier") for word in words]
    return Table("Customers by tier", columns, rows, note, "The marts hold no customer yet.")


def _rank(row: Tier) -> int:
    """The known tiers from the top; others keep the order in which they came."""
    return _TIERS.index(row.tier) if row.tier in _TIERS else len(_TIERS)
