"""Faults that a stand-in plays on request, and its rate limit: ASGI around any application."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = ("throttle", "error", "slow", "cut", "garbage")


@dataclass(frozen=True)
class Fault:
    """What happens to the next `count` requests whose path holds `path`.

    throttle: 429 with `retry-after: seconds` · error: 500 · slow: the answer comes `seconds` late ·
    cut: the connection ends in the middle of the body · garbage: half of the JSON, as if it were all.
    """

    kind: str
    count: int = 1
    seconds: float = 0.1
    path: str = ""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Fault:
        """Read a fault from JSON; raises ValueError or TypeError for what is none."""
        fault = cls(**raw)
        if fault.kind not in KINDS or fault.count < 1:
            raise ValueError(f"Unknown fault {dict(raw)!r}. Kinds: {', '.join(KINDS)}; count is at least 1.")
        return fault


@dataclass
class Faults:
    """The faults still to be played, first come first served, and what was asked meanwhile."""

    waiting: deque[Fault] = field(default_factory=deque)
    requests: int = 0

    def take(self, path: str) -> Fault | None:
        """The fault that this request suffers, if any."""
        self.requests += 1
        for fault in self.waiting:
            if fault.path in path:
                self.waiting.remove(fault)
                if fault.count > 1:
                    self.waiting.appendleft(Fault(fault.kind, fault.count - 1, fault.seconds, fault.path))
                return fault
        return None


@dataclass
class RateLimit:
    """At most `limit` requests in each period, told in the headers that OpenAQ uses.

    Source: https://docs.openaq.org/using-the-api/rate-limits
    """

    limit: int = 1_000_000
    period_seconds: float = 60.0
    _used: int = 0
    _ends: float = 0.0

    def take(self) -> tuple[bool, list[tuple[bytes, bytes]]]:
        """Count one request: whether it is within the limit, and the headers that say so."""
        now = time.monotonic()
        if now >= self._ends:
            self._used, self._ends = 0, now + self.period_seconds
        allowed = self._used < self.limit
        self._used += allowed
        reset = max(0.0, self._ends - now)
        told = {"used": self._used, "remaining": self.limit - self._used, "limit": self.limit, "reset": f"{reset:.3f}"}
        return allowed, [(f"x-ratelimit-{name}".encode(), str(value).encode()) for name, value in told.items()]


class Unreliable:
    """Wraps an application: rate limit first, then the next fault; paths outside `/v3` are left alone."""

    def __init__(self, app: ASGIApp, faults: Faults, limit: RateLimit) -> None:
        self._app = app
        self._faults = faults
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v3"):
            await self._app(scope, receive, send)
            return
        allowed, headers = self._limit.take()
        fault = self._faults.take(scope["path"])
        send = _with_headers(send, headers)
        if not allowed:
            await _too_many()(scope, receive, send)
        elif fault is None:
            await self._app(scope, receive, send)
        else:
            await self._suffer(fault, scope, receive, send)

    async def _suffer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "throttle":
            await _too_many(fault.seconds)(scope, receive, send)
        elif fault.kind == "error":
            await JSONResponse({"detail": "Internal server error"}, 500)(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _halved(send, keep_length=fault.kind == "cut"))


def _too_many(retry_after: float | None = None) -> Response:
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return JSONResponse({"message": "Too many requests"}, 429, headers)


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return wrapped


def _halved(send: Send, *, keep_length: bool) -> Send:
    """Send half of the body: under the old length the connection breaks, under its own length it is bad JSON."""
    start: list[Message] = []

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        body = message["body"][: len(message["body"]) // 2]
        if not keep_length:
            start[0]["headers"] = [
                (name, str(len(body)).encode() if name == b"content-length" else value)
                for name, value in start[0]["headers"]
            ]
        await send(start[0])
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return wrapped


def read_faults(body: bytes) -> list[Fault]:
    """Faults from a JSON list; raises ValueError or TypeError."""
    return [Fault.parse(raw) for raw in json.loads(body)]
