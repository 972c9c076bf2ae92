"""When things happen: how long the story is, and how much of everything there is on each day of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from ecommerce_sample.draws import DAY, midnight

HISTORY_DAYS = 365
# The shop grows fourfold in the year before the first day, and its seasons are the sales of November (month, day), the
# weeks before Christmas, and the last weeks of all, in which the sales begin again.
GROWTH = 4.0
SALES = {(11, 25): 2.4, (11, 26): 2.4, (11, 27): 2.6, (11, 28): 4.0, (11, 29): 5.5, (11, 30): 4.0, (12, 2): 4.5}
CHRISTMAS = 2.8
RAMP_DAYS, RAMP = 40, 3.2
BY_WEEKDAY = (1.04, 0.98, 0.96, 0.97, 1.0, 1.02, 1.03)


@dataclass(frozen=True)
class Volumes:
    """How many there are up to and on the first day, and how many come on each day after it."""

    customers: int
    products: int
    orders: int
    daily_customers: float
    daily_products: float
    daily_orders: float

    @classmethod
    def of(cls, scale: float, daily_scale: float) -> Volumes:
        """The shop at a scale; a shop sells forty products at least."""
        return cls(
            customers=round(50_000 * scale),
            products=max(40, round(200 * scale)),
            orders=round(100_000 * scale),
            daily_customers=max(4.0, 200 * daily_scale),
            daily_products=max(0.5, 2 * daily_scale),
            daily_orders=max(12.0, 1_600 * daily_scale),
        )


@dataclass(frozen=True)
class Span:
    """A year of history up to and with the first day, then one day after the other."""

    first: date
    days: int
    seed: int
    volumes: Volumes

    @property
    def begins(self) -> date:
        """First day of the history."""
        return self.first - timedelta(days=HISTORY_DAYS - 1)

    @property
    def last(self) -> date:
        """Last day of all."""
        return self.first + timedelta(days=self.days - 1)

    @cached_property
    def ends(self) -> int:
        """The second after which nothing is known."""
        return midnight(self.last) + DAY

    @cached_property
    def known(self) -> int:
        """The second at which the first day ends: what is older needs no history."""
        return midnight(self.first) + DAY

    def later_days(self) -> Iterator[date]:
        """The days after the first."""
        for offset in range(1, self.days):
            yield self.first + timedelta(days=offset)

    def orders_by_day(self) -> Iterator[tuple[date, int]]:
        """How many orders are placed on each day; those up to the first add up exactly."""
        shares = [(day, _share(day, offset)) for offset, day in enumerate(self._history())]
        whole = sum(share for _, share in shares)
        reached, placed = 0.0, 0
        for day, share in shares:
            reached += share / whole
            upto = round(self.volumes.orders * reached)
            yield day, upto - placed
            placed = upto
        for day in self.later_days():
            yield day, round(self.volumes.daily_orders * BY_WEEKDAY[day.weekday()])

    def _history(self) -> Iterator[date]:
        for offset in range(HISTORY_DAYS):
            yield self.begins + timedelta(days=offset)


def _share(day: date, offset: int) -> float:
    """How busy a day of the history is, beside the others."""
    season = SALES.get((day.month, day.day), CHRISTMAS if day.month == 12 and day.day <= 22 else 1.0)
    ramp = 1.0 + RAMP * max(0, offset - (HISTORY_DAYS - RAMP_DAYS)) / RAMP_DAYS
    growth = 1.0 + (GROWTH - 1.0) * offset / HISTORY_DAYS
    return growth * season * ramp * BY_WEEKDAY[day.weekday()]
