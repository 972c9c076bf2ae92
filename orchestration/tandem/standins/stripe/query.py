"""What a list request asks for, and Stripe's refusals of what it may not ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from tandem.standins.stripe.data import Feed

MAX_LIMIT = 100
DEFAULT_LIMIT = 10
BOUNDS = ("gt", "gte", "lt", "lte")
KNOWN = ("limit", "starting_after", "ending_before", "created", *(f"created[{bound}]" for bound in BOUNDS))


class ApiError(Exception):
    """An answer of Stripe that is an error; source: https://docs.stripe.com/api/errors."""

    def __init__(self, status: int, message: str, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        told = {"code": code, "param": param, "message": message, "type": "invalid_request_error"}
        self.body: dict[str, Any] = {"error": {name: value for name, value in told.items() if value}}


@dataclass(frozen=True)
class Query:
    """One page: at most `limit` objects created in [since, until), after or before a cursor."""

    limit: int
    since: int
    until: float
    starting_after: str = ""
    ending_before: str = ""

    @classmethod
    def of(cls, given: QueryParams) -> Query:
        """Read a request's parameters; raises ApiError as Stripe refuses them."""
        for name in given:
            if name not in KNOWN:
                raise ApiError(400, f"Received unknown parameter: {name}", "parameter_unknown", name)
        limit = _integer(given, "limit", DEFAULT_LIMIT)
        if not 1 <= limit <= MAX_LIMIT:
            message = f"This value must be between 1 and {MAX_LIMIT} (it currently is '{limit}')."
            raise ApiError(400, message, "parameter_invalid_integer", "limit")
        after, before = given.get("starting_after", ""), given.get("ending_before", "")
        if after and before:
            raise ApiError(400, "You may only specify one of these parameters: ending_before, starting_after.")
        return cls(limit, *_created(given), after, before)

    def page(self, feed: Feed, resource: str) -> tuple[slice, bool]:
        """Which positions of a feed answer it, and whether there are more; raises ApiError for an unknown cursor."""
        first, last = feed.before(self.until), feed.before(self.since)
        if self.ending_before:
            last = min(last, self._position(feed, resource, "ending_before"))
            start = max(first, last - self.limit)
            return slice(start, last), start > first
        if self.starting_after:
            first = max(first, self._position(feed, resource, "starting_after") + 1)
        end = min(last, first + self.limit)
        return slice(first, end), end < last

    def _position(self, feed: Feed, resource: str, param: str) -> int:
        cursor = getattr(self, param)
        if cursor not in feed.positions:
            raise ApiError(400, f"No such {resource}: '{cursor}'", "resource_missing", param)
        return feed.positions[cursor]


def _created(given: QueryParams) -> tuple[int, float]:
    """From which second on, and before which."""
    if "created" in given:
        second = _integer(given, "created", 0)
        return second, second + 1
    bounds = {bound: _integer(given, f"created[{bound}]", 0) for bound in BOUNDS if f"created[{bound}]" in given}
    since = max(bounds.get("gte", 0), bounds.get("gt", -1) + 1)
    until = min(bounds.get("lt", float("inf")), bounds.get("lte", float("inf")) + 1)
    return since, until


def _integer(given: QueryParams, name: str, default: int) -> int:
    raw = given.get(name, str(default))
    if not raw.isdecimal():
        raise ApiError(400, f"Invalid integer: {raw}", "parameter_invalid_integer", name)
    return int(raw)
