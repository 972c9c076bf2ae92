"""What the parts of the ecommerce section share: rows read once, and their sums."""

from __future__ import annotations

from tandem.report.ecommerce import marts
from tandem.report.ecommerce.marts import Day
from tandem.report.window import Query, Window


class View:
    """What the blocks share, each read once."""

    def __init__(self, query: Query, over: Window) -> None:
        self.query = query
        self.over = over
        self.days = marts.days(query, over)
        self.statuses = marts.statuses(query, over)
        self.channels = marts.channels(query, over)
        self.reconciled = marts.reconciled(query, over)
        self.tiers = marts.tiers(query)

    @property
    def every_day(self) -> list[Day]:
        """The days of the window; one without an order earned nothing."""
        rows = {row.day: row for row in self.days}
        return [rows.get(day, Day(day, 0, 0, 0)) for day in self.over.days]

    @property
    def revenue(self) -> float:
        return sum(row.revenue for row in self.days)

    @property
    def refunds(self) -> float:
        return sum(row.refunds for row in self.days)

    @property
    def net(self) -> float:
        return sum(row.net for row in self.days)

    @property
    def attributed(self) -> float:
        return sum(row.attributed for row in self.reconciled)

    @property
    def dates(self) -> str:
        """The window as a chart's label names it."""
        return f"{self.over.first} to {self.over.last}"
