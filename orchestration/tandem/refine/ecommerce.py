"""A web shop's tables, payments and marketing files as typed rows.

Tables (Parquet of `select *`; columns that are not declared are ignored):

1. Text loses the spaces around it, and '' is null. A time with a zone becomes UTC, one without is UTC; both are cut to
   the millisecond. An e-mail address is lower case, null when it has not the form of one. A status is lower case, with
   _ for spaces. Countries and states become codes (`ecommerce_places`): an unknown country is null, and so is an
   unknown state of the US or CA; other states stay as they came. A cost or weight that is negative or no number is
   null. A missing discount is none: line_total says if that is wrong.
2. Set aside: order_id_missing, customer_id_missing, product_id_missing, order_item_id_missing, change_time_missing
   (updated_at, of order lines created_at), order_date_missing, status_missing, amount_missing, amount_invalid (no
   number, or more digits than declared: money is never rounded), amount_negative, country_unknown (orders),
   quantity_invalid (not above 0), discount_invalid (not within 0 to 100), line_total_wrong (more than a cent from
   quantity * unit_price less discount, rounded to the cent as PostgreSQL does, half away from zero; more than half a
   unit where price and total are whole, as in yen, which has no cents: a line does not say its currency).
3. Of the good rows with the same key the one captured last wins: latest attempt, then part, then place in the part.

Payments (Stripe's lists, `ecommerce_payments`) and marketing (CSV, `ecommerce_marketing`) have their rules there.
A file that cannot be read is set aside as a whole: payload_invalid. A row set aside never supersedes a good one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from tandem.refine.ecommerce_cells import decimal, email, moment, slug, text
from tandem.refine.ecommerce_marketing import refine_campaign_performance, refine_marketing_spend
from tandem.refine.ecommerce_payments import refine_charges, refine_refunds
from tandem.refine.ecommerce_places import as_country, as_state
from tandem.refine.ecommerce_tables import Rule, Table, amount, missing, refine_table
from tandem.refine.refined import RawFile, Refined
from tandem.schemas import Decimal
from tandem.schemas.ecommerce import CUSTOMERS, ORDER_ITEMS, ORDERS, PRODUCTS


def refine_customers(files: Iterable[RawFile], day: date) -> Refined:
    """The versions of customers that one capture saw."""
    return refine_table(_CUSTOMERS, files, day)


def refine_products(files: Iterable[RawFile], day: date) -> Refined:
    """The versions of products that one capture saw."""
    return refine_table(_PRODUCTS, files, day)


def refine_orders(files: Iterable[RawFile], day: date) -> Refined:
    """The versions of orders that one capture saw."""
    return refine_table(_ORDERS, files, day)


def refine_order_items(files: Iterable[RawFile], day: date) -> Refined:
    """The lines of orders that one capture saw."""
    return refine_table(_ORDER_ITEMS, files, day)


def _not_negative(source: str, declared: Decimal) -> pl.Expr:
    value = decimal(source, declared)
    return pl.when(value >= 0).then(value)


def _line_total_wrong() -> pl.Expr:
    """Whether a line's total is not what the line says, in whole numbers of cents: their product is exact."""
    price, discount, total = (pl.col(name).to_physical() for name in ("unit_price", "discount_pct", "line_total"))
    ten_thousandths = pl.col("quantity").cast(pl.Int128) * price.cast(pl.Int128) * (10_000 - discount.cast(pl.Int128))
    off = (total.cast(pl.Int128) - (ten_thousandths + 5_000) // 10_000).abs()
    return off > pl.when((price % 100 == 0) & (total % 100 == 0)).then(50).otherwise(1)


def _address(prefix: str = "") -> dict[str, pl.Expr]:
    country = as_country(text(f"{prefix}country"))
    return {f"{prefix}country": country, f"{prefix}state": as_state(text(f"{prefix}state"), country)}


_CHANGE_TIME_MISSING = missing("updated_at", "change_time_missing")
_DISCOUNT = pl.col("discount_pct")

_CUSTOMERS = Table(
    CUSTOMERS,
    rules=(missing("customer_id"), _CHANGE_TIME_MISSING),
    cells={"email": email("email"), **_address()},
)

_PRODUCTS = Table(
    PRODUCTS,
    rules=(missing("product_id"), _CHANGE_TIME_MISSING, *amount("price")),
    cells={"cost": _not_negative("cost", Decimal(10, 2)), "weight_kg": _not_negative("weight_kg", Decimal(8, 2))},
)

_ORDERS = Table(
    ORDERS,
    rules=(
        missing("order_id"),
        _CHANGE_TIME_MISSING,
        missing("customer_id"),
        missing("ordered_at", "order_date_missing", "order_date"),
        missing("status"),
        *amount("total_amount"),
        missing("shipping_country", "country_unknown"),
    ),
    cells={"ordered_at": moment("order_date"), "status": slug("status"), **_address("shipping_")},
)

_ORDER_ITEMS = Table(
    ORDER_ITEMS,
    rules=(
        missing("order_item_id"),
        missing("created_at", "change_time_missing"),
        missing("order_id"),
        missing("product_id"),
        Rule("quantity_invalid", "quantity", (pl.col("quantity") > 0).not_().fill_null(True)),
        *amount("unit_price"),
        Rule("discount_invalid", "discount_pct", _DISCOUNT.is_between(0, 100).not_().fill_null(True)),
        *amount("line_total"),
        Rule("line_total_wrong", "line_total", _line_total_wrong()),
    ),
    cells={
        "discount_pct": pl.when(text("discount_pct").is_null())
        .then(pl.lit(0, pl.Decimal(5, 2)))
        .otherwise(decimal("discount_pct", Decimal(5, 2)))
    },
)

__all__ = [
    "refine_campaign_performance",
    "refine_charges",
    "refine_customers",
    "refine_marketing_spend",
    "refine_order_items",
    "refine_orders",
    "refine_products",
    "refine_refunds",
]
