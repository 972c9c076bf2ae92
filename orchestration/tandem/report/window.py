"""The days that a section shows, and how it reads its marts."""

# What is put into the text of a query is a constant or a date.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

Query = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]
DAYS = 62  # sixty days of UTC touch as many local dates


class Window(NamedTuple):
    """Both ends are included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]

    def within(self, column: str) -> str:
        """SQL predicate."""
        return f"{column} between date '{self.first}' and date '{self.last}'"


def window(query: Query, table: str, column: str) -> Window | None:
    """The last DAYS days that a table has; None when it is empty."""
    [(first, last)] = query(f"select min({column}), max({column}) from {table}")[1]
    return None if last is None else Window(max(first, last - timedelta(DAYS - 1)), last)
