"""OpenAQ API v3: fetches and pages, nothing else. Source: https://docs.openaq.org (resources and paging)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from tandem.errors import SourceUnavailable
from tandem.sources.api import Api
from tandem.sources.http import BACKOFF_SECONDS, TIMEOUT_SECONDS, Access, JsonClient, Page

LIMIT = 1000  # the most that v3 gives in a page
MAX_PAGES = 10_000


class OpenAQ(Api):
    """A client of one OpenAQ server; safe to share between threads. Use it as a context manager, or close it."""

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
        """`base_url` with or without `/v3`; an empty key sends none. The rest as for `JsonClient`."""
        root = base_url.strip().rstrip("/").removesuffix("/v3")
        access = Access(root, "OPENAQ_BASE_URL", api_key, "OPENAQ_API_KEY", "X-API-Key")
        super().__init__(JsonClient(access, timeout=timeout, backoff=backoff, transport=transport, sleep=sleep))

    def knock(self) -> None:
        """One small request, to see that address and key are right; raises SourceRefused or SourceUnavailable."""
        self._client.get("/v3/locations", {"limit": 1, "page": 1}, _is_v3)

    def locations(self, countries: Sequence[str] = ()) -> Iterator[Page]:
        """The register of stations with their sensors, of these countries (ISO codes) or of all."""
        for country in countries:
            code = country.upper()
            yield from self._pages("/v3/locations", {"iso": code}, f"locations-{code}", {"iso": code})
        if not countries:
            yield from self._pages("/v3/locations", {}, "locations-all", {})

    def measurements(self, sensor_id: int, day: date) -> Iterator[Page]:
        """What a sensor measured in periods that end within a UTC day, its last midnight included."""
        span = {
            "datetime_from": f"{day.isoformat()}T00:00:00Z",
            "datetime_to": f"{(day + timedelta(days=1)).isoformat()}T00:00:00Z",
        }
        path = f"/v3/sensors/{sensor_id}/measurements"
        yield from self._pages(path, span, f"sensor-{sensor_id}", {"sensor_id": sensor_id})

    def _pages(self, path: str, params: dict[str, str], name: str, origin: dict[str, object]) -> Iterator[Page]:
        """Every page with something new in it, and the first in any case."""
        seen, previous = 0, None
        for number in range(1, MAX_PAGES + 1):
            answer = self._client.get(path, {**params, "limit": LIMIT, "page": number}, _is_v3)
            results = answer.body["results"]
            if number > 1 and (not results or results == previous):
                return
            yield Page(f"{name}-page-{number:04}", answer.payload, {"path": path, **origin, "page": number})
            seen, previous = seen + len(results), results
            if _ends(answer.body.get("meta"), len(results), seen):
                return
        raise SourceUnavailable(f"{path} has no end after {MAX_PAGES} pages. Check OPENAQ_BASE_URL.")


def _is_v3(body: dict[str, Any]) -> bool:
    return isinstance(body.get("results"), list)


def _ends(meta: object, count: int, seen: int) -> bool:
    """Whether a page is the last one: `found` decides when it can, the page's size otherwise.

    `found` is a number, a text such as ">100", or absent; a server may also give less than asked for.
    """
    told = meta if isinstance(meta, dict) else {}
    found = str(told.get("found", "")).strip()
    if count == 0:
        return True
    if found.isdecimal():
        return seen >= int(found)
    more_than = found.removeprefix(">").strip()
    if more_than.isdecimal() and seen <= int(more_than):
        return False
    limit = told.get("limit")
    return count < (min(LIMIT, limit) if isinstance(limit, int) and limit > 0 else LIMIT)
