"""Products: what is sold, at which price on which day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from ecommerce_sample.draws import DAY, below, day_of, midnight, one_of, stamp
from ecommerce_sample.span import Span

COLUMNS = (
    *("product_id", "name", "category", "subcategory", "price", "cost", "weight_kg", "is_active"),
    *("created_at", "updated_at", "visible_from", "visible_to"),
)
RANGE = {
    "Home": (("Kitchen", ("Kettle", "Pan", "Knife")), ("Bedroom", ("Lamp", "Pillow", "Duvet"))),
    "Electronics": (("Audio", ("Headphones", "Speaker", "Radio")), ("Computing", ("Keyboard", "Mouse", "Monitor"))),
    "Outdoor": (("Camping", ("Tent", "Stove", "Sleeping Bag")), ("Cycling", ("Helmet", "Pump", "Pannier"))),
    "Clothing": (("Coats", ("Parka", "Raincoat")), ("Shoes", ("Boots", "Trainers", "Sandals"))),
    "Toys": (("Games", ("Puzzle", "Board Game")), ("Models", ("Train, wooden", "Ship Kit"))),
}
STYLES = ("Classic", "Alpine", "Nordic", "Studio", "Metro", "Compact", '12" Large', "Everyday")
WITHOUT_COST, NEGATIVE_COST = 13, 29  # every so many


@dataclass(frozen=True)
class Version:
    """A product from some second on; money in cents."""

    since: int
    price: int
    active: bool = True


@dataclass
class Catalogue:
    """Everything that is or was sold."""

    span: Span
    versions: dict[int, list[Version]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = Random(self.span.seed + 2)
        begins = midnight(self.span.begins) - 400 * DAY
        for product in range(1, self.span.volumes.products + 1):
            price = 499 + 250 * below(random, 1 + below(random, 24)) + (below(random, 25) == 0) * 30_000
            self.versions[product] = [Version(begins + below(random, 400 * DAY), price)]
        self._change(random)

    @property
    def sold(self) -> int:
        """How many products there have been from the start; later ones are not ordered at once."""
        return self.span.volumes.products

    def price(self, product: int, second: int) -> int:
        """Its price at that second, in US cents."""
        versions = self.versions[product]
        if len(versions) == 1:
            return versions[0].price
        return versions[max(0, bisect_right(versions, second, key=lambda version: version.since) - 1)].price

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The table's history."""
        for product, versions in self.versions.items():
            daily = list({version.since // DAY: version for version in versions}.values())
            for n, version in enumerate(daily):
                until = day_of(daily[n + 1].since) if n + 1 < len(daily) else None
                shown = None if version.since < self.span.known else day_of(version.since)
                yield (*self._row(product, version), shown, until)

    def _change(self, random: Random) -> None:
        """New prices, a product that is given up, a new one: as many in all as the volumes say."""
        due = 0.0
        for day in self.span.later_days():
            due += self.span.volumes.daily_products
            while due >= 1:
                due -= 1
                self._change_one(random, midnight(day) + below(random, DAY))

    def _change_one(self, random: Random, second: int) -> None:
        drawn = random.random()
        if drawn < 0.1:
            self.versions[len(self.versions) + 1] = [Version(second, 1_999)]
            return
        product = 1 + below(random, self.sold)
        last = self.versions[product][-1]
        changed = replace(last, since=second, price=last.price * one_of(random, (85, 90, 95, 105, 110)) // 100)
        self.versions[product].append(changed if drawn < 0.85 else replace(last, since=second, active=False))

    def _row(self, product: int, version: Version) -> tuple[object, ...]:
        random = Random(self.span.seed * 15_485_863 + product)
        category = one_of(random, tuple(RANGE))
        subcategory, things = one_of(random, RANGE[category])
        name = f"{one_of(random, STYLES)} {one_of(random, things)} {product}"
        first = self.versions[product][0]
        weight = None if product % 17 == 0 else f"{(20 + below(random, 2_000)) / 100:.2f}"
        cost = _cost(product, first.price * (40 + below(random, 25)) // 100)
        micros = (product * 7_919) % 1_000_000 if version is not first else 0
        text = (
            product,
            name,
            category,
            subcategory,
            cents(version.price),
            cost,
            weight,
            "t" if version.active else "f",
        )
        return (*text, stamp(first.since), stamp(version.since, micros))


def cents(amount: int) -> str:
    """Minor units as a number with two decimals."""
    return f"{amount // 100}.{amount % 100:02}"


def _cost(product: int, cost: int) -> str | None:
    if product % WITHOUT_COST == 0:
        return None
    return f"-{cents(cost)}" if product % NEGATIVE_COST == 0 else cents(cost)
