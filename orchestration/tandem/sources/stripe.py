"""Stripe API v1: fetches and pages, nothing else.

Source: https://docs.stripe.com/api/pagination, https://docs.stripe.com/rate-limits and the pages of the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
from pydantic import SecretStr

from tandem.errors import SourceUnavailable
from tandem.sources.api import Api
from tandem.sources.http import BACKOFF_SECONDS, TIMEOUT_SECONDS, Access, JsonClient, Page

LIMIT = 100  # the most that v1 gives in a page
MAX_PAGES = 100_000
# The shape of the objects, whatever the account's own version is: https://docs.stripe.com/api/versioning
VERSION = "2024-06-20"


class Stripe(Api):
    """A client of one Stripe account. Use it as a context manager, or close it."""

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        timeout: float = TIMEOUT_SECONDS,
        backoff: float = BACKOFF_SECONDS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """`base_url` with or without `/v1`. The rest as for `JsonClient`."""
        access = Access(
            base_url.strip().rstrip("/").removesuffix("/v1"),
            "STRIPE_BASE_URL",
            api_key,
            "STRIPE_API_KEY",
            "Authorization",
            scheme="Bearer",
            headers_too={"Stripe-Version": VERSION},
            verdict_header="Stripe-Should-Retry",
        )
        super().__init__(JsonClient(access, timeout=timeout, backoff=backoff, transport=transport, sleep=sleep))

    def knock(self) -> None:
        """Two small requests, to see that address and key are right; raises SourceRefused or SourceUnavailable."""
        for what in ("charges", "refunds"):
            self._client.get(f"/v1/{what}", {"limit": 1}, _is_list)

    def created(self, what: str, begin: datetime | None, before: datetime) -> Iterator[Page]:
        """The pages of all `charges` or `refunds` created from `begin` (None: ever) until before `before`.

        A page that comes broken is asked for again at the same place, so nothing is left out and nothing comes twice.
        Raises SourceUnavailable also for a list that goes round or has no end.
        """
        path = f"/v1/{what}"
        span: dict[str, str | int] = {"created[lt]": int(before.timestamp())}
        if begin is not None:
            span["created[gte]"] = int(begin.timestamp())
        cursor: dict[str, str | int] = {}
        passed: set[str] = set()
        for number in range(1, MAX_PAGES + 1):
            answer = self._client.get(path, {**span, "limit": LIMIT, **cursor}, _is_list)
            objects = answer.body["data"]
            origin: dict[str, object] = {"path": path, **span, **cursor, "page": number}
            yield Page(f"{what}-page-{number:04}", answer.payload, origin, objects)
            if not answer.body["has_more"]:
                return
            cursor = {"starting_after": (last := objects[-1]["id"])}
            if last in passed:
                raise SourceUnavailable(f"{path} goes round: {last} ends two of its pages. Check STRIPE_BASE_URL.")
            passed.add(last)
        raise SourceUnavailable(f"{path} has no end after {MAX_PAGES} pages. Check STRIPE_BASE_URL.")


def _is_list(body: dict[str, Any]) -> bool:
    """Whether it is a page, and one that says where the next begins when there is a next."""
    objects, has_more = body.get("data"), body.get("has_more")
    if not isinstance(objects, list) or not isinstance(has_more, bool):
        return False
    last = objects[-1] if objects else None
    return not has_more or (isinstance(last, dict) and isinstance(last.get("id"), str))
