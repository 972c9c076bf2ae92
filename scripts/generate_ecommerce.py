#!/usr/bin/env python3
"""Write the shop's sample data: its tables, its payments and the files of its marketing, dirty on purpose.

    scripts/generate_ecommerce.py [--out DIR] [--first 2025-11-01] [--days 14] [--scale 0.02] [--daily-scale 0.02]
                                  [--seed 11]

    postgres/<table>.csv   the table's history: its columns, then visible_from and visible_to (see the stand-in)
    stripe/charges.jsonl, refunds.jsonl   one compact row per object
    marketing/<kind>_<day>.csv            the files as they are delivered
    window.json            first and last day

Scale 1 is 50,000 customers, 200 products, 100,000 orders with 250,000 lines, 100,000 charges and 5,000 refunds up to
and with the first day, whose year of history grows and has its feasts; each day after it brings 200 customers (new or
changed), 2 products, 1,600 orders with 4,000 lines, 1,600 charges, 80 refunds. `--daily-scale` scales those days alone.
The marketing is the same at every scale: 365 and 1,200 rows, then 1 and 30 a day.
The same arguments give the same bytes on every machine: only `random()` and plain arithmetic are used.

Dirty on purpose, shares by themselves and handfuls at any scale (`orders.DIRT`, `marketing.FORMS` and `_spoilt_…`):
customers: three in ten without telephone, some with an empty one; states by code and by name; countries in several
    spellings; e-mail addresses in capitals; a few without updated_at
products: cost unknown or negative; weight unknown
orders: the undocumented status pending_review; statuses in odd case with spaces; customers that do not exist; countries
    that do not exist; totals that are not the sum of the lines; no updated_at; rows that show only on the day after
    their change time; two versions with the same updated_at
order_items: quantity 0; a line_total that is wrong
all tables: timestamps without zone in customers and products, with one in orders and order_items
Stripe: charges without metadata, failed and pending ones, a disputed one; refunds that fail or wait; yen, which has no
    minor unit
marketing: a byte order mark, latin-1, other headers in another order, semicolons, ragged rows, commas and line breaks
    in quotes, `$`, thousands with commas, empty and wrong numbers, dates in three forms and one that is none, a
    duplicate, a later file that corrects an earlier day, campaigns that claim more than the shop took
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from ecommerce_sample import marketing, orders, people, products
from ecommerce_sample.orders import Row, Sales
from ecommerce_sample.payments import payments_of
from ecommerce_sample.people import People
from ecommerce_sample.products import Catalogue
from ecommerce_sample.span import Span, Volumes

OUT = Path(__file__).resolve().parents[1] / "sample_data" / "ecommerce"


def write(out: Path, span: Span) -> None:
    """Write all files."""
    for name in ("postgres", "stripe", "marketing"):
        (out / name).mkdir(parents=True, exist_ok=True)
    registered, catalogue = People(span), Catalogue(span)
    write_table(out / "postgres" / "customers.csv", people.COLUMNS, registered.rows())
    write_table(out / "postgres" / "products.csv", products.COLUMNS, catalogue.rows())
    sales = Sales(span, registered, catalogue)
    write_sales(out, sales)
    for delivery in marketing.deliveries(span, sales.revenue):
        (out / "marketing" / delivery.name).write_bytes(delivery.content)
    window = {"from": span.first.isoformat(), "to": span.last.isoformat()}
    (out / "window.json").write_text(json.dumps(window) + "\n", encoding="utf-8")


def write_table(file: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """One CSV file with a header."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        opened.write(csv_line(columns))
        opened.writelines(map(csv_line, rows))


def csv_line(row: Iterable[object]) -> str:
    """One line of CSV as PostgreSQL reads it: nothing is NULL, an empty text is quoted."""
    return ",".join(["" if value is None else quoted(str(value)) for value in row]) + "\n"


def quoted(text: str) -> str:
    """A field, in quotes where it needs them."""
    if text and not ("," in text or '"' in text or "\n" in text):
        return text
    return '"' + text.replace('"', '""') + '"'


def write_sales(out: Path, sales: Sales) -> None:
    """Orders, their lines and their payments in one pass, so that memory does not grow with them."""
    with ExitStack() as stack:

        def opened(path: str) -> Any:
            return stack.enter_context((out / path).open("w", encoding="utf-8", newline=""))

        heads, lines = opened("postgres/orders.csv"), opened("postgres/order_items.csv")
        stripe = {feed: opened(f"stripe/{feed}.jsonl") for feed in ("charges", "refunds")}
        heads.write(csv_line(orders.ORDER_COLUMNS))
        lines.write(csv_line(orders.LINE_COLUMNS))
        for order in sales.orders():
            heads.writelines(map(csv_line, sales.order_rows(order)))
            lines.writelines(map(csv_line, sales.line_rows(order)))
            for feed, row in payments_of(sales.span, order):
                stripe[feed].write(json.dumps(row, separators=(",", ":")) + "\n")


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description="Write the shop's sample data.")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to (default: sample_data/ecommerce)")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2025, 11, 1), help="first day to run")
    parser.add_argument("--days", type=int, default=14, help="number of days to run")
    parser.add_argument("--scale", type=float, default=0.02, help="1 is a shop with 100,000 orders")
    parser.add_argument("--daily-scale", type=float, help="the same for the days after the first (default: --scale)")
    parser.add_argument("--seed", type=int, default=11, help="seed of all chance")
    args = parser.parse_args()
    daily = args.scale if args.daily_scale is None else args.daily_scale
    write(args.out, Span(args.first, args.days, args.seed, Volumes.of(args.scale, daily)))


if __name__ == "__main__":
    main()
