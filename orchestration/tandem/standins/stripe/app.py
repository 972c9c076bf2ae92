"""A local server that speaks Stripe's API v1 as far as reading charges and refunds goes.

Source of the protocol: https://docs.stripe.com/api. Served: `GET /v1/charges` and `GET /v1/refunds`, newest first, with
`limit`, `starting_after`, `ending_before` and `created`. What is created at or after `created[lt]` is not there, and
the objects are as they were at that second: so one server plays every day. Besides, without a key: `/ping`, and
`POST /faults` and `GET /requests` (see `serving`), with which tests steer and watch it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tandem.standins.faults import Fault, Manner, RateLimit
from tandem.standins.serving import application, json_response
from tandem.standins.stripe.data import FEEDS, Account, load
from tandem.standins.stripe.query import ApiError, Query

VERSION = "2025-10-29.clover"
NO_KEY = "You did not provide an API key. Provide it in the Authorization header, using Bearer auth."


def create_app(
    data: Path,
    api_key: str,
    *,
    overlay: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    rate_limit: RateLimit | None = None,
) -> ASGIApp:
    """The server's application over a data folder; equal requests give equal bytes."""
    account = load(data, overlay)
    routes = [Route(f"/v1/{feed}", _listed(account, feed, api_key)) for feed in FEEDS]
    handlers = {ApiError: _refused, HTTPException: _unrecognised}
    return application("stripe", routes, MANNER, handlers, faults, rate_limit)


def _listed(account: Account, feed: str, api_key: str) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        _check_key(request, api_key)
        query = Query.of(request.query_params)
        chosen, more = query.page(account.feeds[feed], feed.removesuffix("s"))
        found = account.objects(feed, account.feeds[feed].rows[chosen], as_of=query.until)
        body = {"object": "list", "data": found, "has_more": more, "url": f"/v1/{feed}"}
        return json_response(body, headers={"stripe-version": VERSION})

    return endpoint


def _check_key(request: Request, api_key: str) -> None:
    given = _key_of(request.headers.get("authorization", ""))
    if not given:
        raise ApiError(401, NO_KEY)
    if not secrets.compare_digest(given.encode(), api_key.encode()):
        raise ApiError(401, f"Invalid API Key provided: ****{given[-4:]}")


def _key_of(authorization: str) -> str:
    """The key of a Bearer header, or the user name of a Basic one."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _headers(limit: RateLimit, allowed: bool) -> dict[str, str]:
    """Every answer has an id of its own, the one thing in which equal answers differ; a refused one says for how long.

    Source: https://docs.stripe.com/rate-limits
    """
    waiting = {} if allowed else {"retry-after": f"{limit.reset:.3f}"}
    return {"request-id": f"req_{secrets.token_hex(7)}", **waiting}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    headers = {"www-authenticate": 'Basic realm="Stripe"'} if error.status == 401 else None
    return JSONResponse(error.body, error.status, headers)


async def _unrecognised(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"Unrecognized request URL ({request.method}: {request.url.path})." if error.status_code == 404 else ""
    told = {"message": message or error.detail, "type": "invalid_request_error"}
    return JSONResponse({"error": told}, error.status_code)


TOO_MANY = {
    "code": "rate_limit",
    "message": "Request rate limit exceeded.",
    "type": "invalid_request_error",
}
BROKEN = {"message": "Something went wrong on Stripe's end.", "type": "api_error"}
MANNER = Manner("/v1", {"error": TOO_MANY}, {"error": BROKEN}, _headers)
