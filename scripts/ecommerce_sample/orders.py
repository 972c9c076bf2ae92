"""Orders and their lines: what is ordered where to, what becomes of it, and what is wrong with some of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

from ecommerce_sample.draws import DAY, EPOCH, below, early, midnight, stamp
from ecommerce_sample.lives import Life, life_of
from ecommerce_sample.people import Home, People
from ecommerce_sample.products import Catalogue, cents
from ecommerce_sample.span import Span
from ecommerce_sample.versions import versions_of

ORDER_COLUMNS = (
    *("order_id", "customer_id", "order_date", "status", "total_amount", "shipping_address", "shipping_city"),
    *("shipping_state", "shipping_country", "shipping_zip", "created_at", "updated_at", "visible_from", "visible_to"),
)
LINE_COLUMNS = (
    *("order_item_id", "order_id", "product_id", "quantity", "unit_price", "discount_pct", "line_total"),
    *("created_at", "visible_from", "visible_to"),
)
# What twenty orders have in lines: two and a half each.
LINES = (2, 3, 1, 2, 5, 3, 1, 2, 4, 3, 1, 2, 3, 1, 2, 5, 1, 3, 2, 4)
CURRENCIES = {"US": "USD", "CA": "CAD", "GB": "GBP", "JP": "JPY"}  # the rest of them pay in euro
# Units of a currency for a US dollar.
RATES = {"USD": 1.0, "CAD": 1.4, "GBP": 0.76, "EUR": 0.87, "JPY": 154.0}
NO_MINOR_UNIT = ("JPY",)
# One order each: by days after the first day, and by number on that day. "no customer" is one who does not exist.
DIRT = {
    (-3, 1): "no customer", (0, 2): "no customer", (3, 4): "no customer", (8, 2): "no customer",
    (-2, 1): "unknown country", (2, 3): "unknown country", (9, 5): "unknown country",
    (-4, 2): "no quantity", (0, 4): "no quantity", (4, 6): "no quantity", (11, 3): "no quantity",
    (-5, 1): "wrong line", (1, 2): "wrong line", (5, 7): "wrong line", (10, 4): "wrong line",
    (-6, 1): "wrong total", (0, 5): "wrong total", (2, 8): "wrong total", (6, 3): "wrong total", (12, 2): "wrong total",
    (-7, 1): "no change time", (0, 6): "no change time", (7, 5): "no change time",
}  # fmt: skip
UNKNOWN_COUNTRIES = ("Atlantis", "N/A", "Ruritania")
NOBODY = 90_000_000
STATUS_SPELLINGS = {41: " Shipped", 43: "DELIVERED ", 47: "Processing"}
Row = tuple[object, ...]


@dataclass(frozen=True)
class Order:
    """An order with its lines; money in the minor unit of its currency."""

    id: int
    customer: int
    second: int
    where: Home
    currency: str
    total: int
    lines: list[tuple[int, int, int, int, int]]
    life: Life
    dirt: str = ""

    @property
    def usd(self) -> float:
        """Its total in US dollars."""
        return amount_of(self.total, self.currency) / RATES[self.currency]


@dataclass
class Sales:
    """All orders, one after the other."""

    span: Span
    people: People
    catalogue: Catalogue
    revenue: dict[date, float] = field(default_factory=dict)
    _lines: int = 0

    def orders(self) -> Iterator[Order]:
        """Every order, by time; fills `revenue`, the US dollars of each day's orders that count."""
        number = 0
        for day, count in self.span.orders_by_day():
            offset = (day - self.span.first).days
            random = Random(self.span.seed * 86_028_121 + (day - EPOCH).days)
            for n in range(count):
                number += 1
                second = midnight(day) + 300 + int((n + random.random()) / count * (DAY - 3_600))
                order = self._order(random, number, second, DIRT.get((offset, n), ""))
                if order.life.counts:
                    self.revenue[day] = self.revenue.get(day, 0.0) + order.usd
                yield order

    def order_rows(self, order: Order) -> Iterator[Row]:
        """The table's history of one order."""
        versions = versions_of(self.span, order.id, order.life.events)
        placed = stamp(order.second, zone="+00")
        for before, version, after in zip([None, *versions], versions, [*versions[1:], None], strict=False):
            # Corrected by hand on the next day, by somebody who left the change time alone.
            corrected = before is not None and version.second == before.second
            address = f"c/o {order.where.address}" if corrected else order.where.address
            yield (
                *(order.id, order.customer, placed, _spelt(order.id, version.status), _total(order), address),
                *(*order.where.fields[1:], placed, _changed(order, version.second)),
                *(version.shown, after and after.shown),
            )

    def line_rows(self, order: Order) -> Iterator[Row]:
        """The order's lines, which are never changed; they are seen together with it."""
        first = versions_of(self.span, order.id, order.life.events)[0]
        placed = stamp(order.second, zone="+00")
        for n, (product, quantity, price, discount, total) in enumerate(order.lines):
            self._lines += 1
            quantity = 0 if order.dirt == "no quantity" and n == 0 else quantity
            total = total + 700 if order.dirt == "wrong line" and n == 0 else total
            money = (_money(price, order.currency), discount, _money(total, order.currency))
            yield (self._lines, order.id, product, quantity, *money, placed, first.shown, None)

    def _order(self, random: Random, number: int, second: int, dirt: str) -> Order:
        # The longer somebody is a customer, the more they have ordered.
        customer = 1 + early(random, self.people.known_by(second), 0.6)
        where = self.people.home(customer, second)
        currency = CURRENCIES.get(where.code, "EUR")
        lines = [self._line(random, second, currency) for _ in range(LINES[number % 20])]
        if dirt == "no customer":
            customer += NOBODY
        if dirt == "unknown country":
            where = Home(where.code, where.address, where.city, None, UNKNOWN_COUNTRIES[number % 3], where.zip_code)
        total = sum(line[4] for line in lines)
        life = life_of(random, number, second, dirt)
        return Order(number, customer, second, where, currency, total, lines, life, dirt)

    def _line(self, random: Random, second: int, currency: str) -> tuple[int, int, int, int, int]:
        product = 1 + early(random, self.catalogue.sold, 0.4)
        price = in_currency(self.catalogue.price(product, second), currency)
        quantity = 1 if random.random() < 0.7 else 2 + below(random, 3)
        discount = 0 if random.random() < 0.75 else 5 * (1 + below(random, 4))
        return product, quantity, price, discount, (quantity * price * (100 - discount) + 50) // 100


def in_currency(us_cents: int, currency: str) -> int:
    """A price in US cents in another currency's minor unit."""
    minor = us_cents * RATES[currency] / (100 if currency in NO_MINOR_UNIT else 1)
    return int(minor + 0.5)


def amount_of(minor: int, currency: str) -> float:
    """An amount in whole units."""
    return minor / (1 if currency in NO_MINOR_UNIT else 100)


def _money(minor: int, currency: str) -> str:
    return str(minor) if currency in NO_MINOR_UNIT else cents(minor)


def _total(order: Order) -> str:
    return _money(order.total + (450 if order.dirt == "wrong total" else 0), order.currency)


def _changed(order: Order, second: int) -> str | None:
    if order.dirt == "no change time":
        return None
    return stamp(second, (order.id * 104_729 + second) % 1_000_000, "+00")


def _spelt(order: int, status: str) -> str:
    for every, spelling in STATUS_SPELLINGS.items():
        if order % every == 0 and spelling.strip().lower() == status:
            return spelling
    return status
