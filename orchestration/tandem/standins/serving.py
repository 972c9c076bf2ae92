"""What the stand-ins that speak HTTP share: reading orders, listening, and the paths that steer and watch them."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tandem.standins.faults import Fault, Faults, Manner, RateLimit, Unreliable, read_faults
from tandem.standins.owner import end_with


def serve(create_app: Callable[..., ASGIApp]) -> None:
    """Read the orders (see `Vendor.orders`), say the port, and serve until the owner is gone or a signal comes."""
    orders = json.loads(sys.stdin.buffer.readline())
    end_with(orders["owner"])
    app = create_app(
        Path(orders["data"]),
        orders["api_key"],
        overlay=_overlay_of(orders["overlay"]),
        faults=[Fault.parse(raw) for raw in orders["faults"]],
        rate_limit=RateLimit(**orders["rate_limit"]),
    )
    listening = socket.create_server(("127.0.0.1", orders["port"]), backlog=256)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    uvicorn.Server(_config(app)).run(sockets=[listening])


def application(
    name: str,
    routes: Iterable[Route],
    manner: Manner,
    handlers: Mapping[Any, Any],
    faults: Iterable[Fault],
    rate_limit: RateLimit | None,
) -> ASGIApp:
    """A vendor's routes with what every stand-in has besides: a ping, faults on request, and a rate limit."""
    pending = Faults()
    pending.waiting.extend(faults)
    app = Starlette(routes=[*routes, _ping(name), *_steering(pending)], exception_handlers=handlers)
    return Unreliable(app, pending, rate_limit or RateLimit(), manner)


def _steering(faults: Faults) -> list[Route]:
    """`GET /requests` counts what was asked; `POST /faults` takes a JSON list of faults to play."""

    async def requests(request: Request) -> Response:
        return json_response({"requests": faults.requests})

    async def add(request: Request) -> Response:
        try:
            faults.waiting.extend(read_faults(await request.body()))
        except (ValueError, TypeError) as error:
            raise HTTPException(422, str(error)) from error
        return Response(status_code=204)

    return [Route("/requests", requests), Route("/faults", add, methods=["POST"])]


def _ping(name: str) -> Route:
    """`GET /ping` says whose stand-in answers."""

    async def answer(request: Request) -> Response:
        return json_response({"standin": name})

    return Route("/ping", answer)


def json_response(content: object, status_code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON without spaces; equal content gives equal bytes."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status_code, headers, media_type="application/json")


def _overlay_of(path: str | None) -> dict[str, Any] | None:
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else None


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
