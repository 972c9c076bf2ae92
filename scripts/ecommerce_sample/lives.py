"""What becomes of an order, and of the money for it: a hundred orders, each kind with its share."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ecommerce_sample.draws import DAY, below

HOUR = 3_600
MINUTE = 60
# Shares of a hundred; what is left is ordered, paid, shipped and delivered.
KINDS = (
    *("unpaid", "given up", "retried", "retried", "declined", "declined", "taken back", "returned", "returned"),
    *("partly returned", "reviewed", "reviewed", "stopped", "pending", "stuck"),
)
# Coprime to a hundred, so that every kind comes up in each hundred orders and neighbours differ.
STEP = 37
COUNTING = ("processing", "shipped", "delivered", "refunded")
UNPAID = ("unpaid", "given up")


@dataclass(frozen=True)
class Payment:
    """A charge: when it was made, how it ended, and when that became known (0: at once)."""

    second: int
    status: str = "succeeded"
    failure: str = ""
    pending_until: int = 0


@dataclass(frozen=True)
class Repayment:
    """A refund of so many percent of the charge that succeeded."""

    second: int
    percent: int
    status: str = "succeeded"
    pending_until: int = 0


@dataclass(frozen=True)
class Life:
    """The statuses of an order with their seconds, its payments and repayments."""

    events: list[tuple[int, str]]
    payments: list[Payment]
    repayments: list[Repayment]

    @property
    def counts(self) -> bool:
        """Whether the order counts as revenue in the end."""
        return self.events[-1][1] in COUNTING


def life_of(random: Random, number: int, second: int, dirt: str) -> Life:
    """The life of the order of this number that was placed at this second."""
    place = number * STEP % 100
    # An order that is to be noticed for something else lives an ordinary life.
    kind = KINDS[place] if place < len(KINDS) and not dirt else ""
    events = _events(random, kind, second)
    return Life(events, _payments(random, kind, second), _repayments(random, kind, number, events))


def _events(random: Random, kind: str, second: int) -> list[tuple[int, str]]:
    pending = (second, "pending")
    if kind == "unpaid":
        return [pending]
    if kind in ("given up", "declined"):
        return [pending, (second + DAY + below(random, DAY), "cancelled")]
    if kind == "stuck":
        return [pending, (second + 5 * MINUTE, "pending_review")]
    if kind == "stopped":
        return [pending, (second + 5 * MINUTE, "pending_review"), (second + 2 * DAY + below(random, DAY), "cancelled")]
    if kind == "taken back":
        return [pending, (second + 6 * MINUTE, "processing"), (second + 9 * HOUR + below(random, DAY), "cancelled")]
    paid = second + 2 * MINUTE + below(random, 20 * MINUTE)
    events = [pending]
    if kind == "reviewed":
        events.append((paid, "pending_review"))
        paid += DAY + below(random, 2 * DAY)
    shipped = paid + 8 * HOUR + below(random, 2 * DAY)
    delivered = shipped + 2 * DAY + below(random, 4 * DAY)
    events += [(paid, "processing"), (shipped, "shipped"), (delivered, "delivered")]
    if kind == "returned":
        events.append((delivered + DAY + below(random, 9 * DAY), "refunded"))
    return events


def _payments(random: Random, kind: str, second: int) -> list[Payment]:
    made = second + 30 + below(random, 60)
    if kind in UNPAID:
        return []
    declined = Payment(made, "failed", "card_declined" if random.random() < 0.6 else "insufficient_funds")
    if kind == "declined":
        return [declined]
    if kind == "retried":
        return [declined, Payment(made + 3 * MINUTE)]
    if kind == "pending":
        return [Payment(made, pending_until=made + 6 * HOUR + below(random, 2 * DAY))]
    return [Payment(made)]


def _repayments(random: Random, kind: str, number: int, events: list[tuple[int, str]]) -> list[Repayment]:
    last = events[-1][0]
    if kind in ("taken back", "returned", "stopped"):
        return [Repayment(last + 10 + below(random, 50), 100)]
    if kind != "partly returned":
        return []
    second = last + DAY + below(random, 6 * DAY)
    percent = 10 * (1 + below(random, 6))
    if number % 7 == 0:
        return [Repayment(second, percent, "failed", second + 3 * HOUR), Repayment(second + DAY, percent)]
    if number % 11 == 0:
        return [Repayment(second, percent, pending_until=second + 20 * HOUR)]
    again = [Repayment(second + 5 * HOUR, 20)] if number % 3 == 0 else []
    return [Repayment(second, percent), *again]
