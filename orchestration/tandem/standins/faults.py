"""Faults that a stand-in plays on request, and its rate limit: ASGI around any application."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
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
    """At most `limit` requests in each period; `used` of them are, and it ends in `reset` seconds."""

    limit: int = 1_000_000
    period_seconds: float = 60.0
    used: int = 0
    reset: float = 0.0
    _ends: float = 0.0

    def take(self) -> bool:
        """Count one request: whether it is within the limit."""
        now = time.monotonic()
        if now >= self._ends:
            self.used, self._ends = 0, now + self.period_seconds
        allowed = self.used < self.limit
        self.used += allowed
        self.reset = self._ends - now
        return allowed


@dataclass(frozen=True)
class Manner:
    """How a vendor's server says what went wrong: which paths suffer, the bodies of 429 and 500, and the headers that
    every answer has, by the rate limit and whether this request is within it.
    """

    prefix: str
    too_many: Mapping[str, Any]
    broken: Mapping[str, Any]
    headers: Callable[[RateLimit, bool], Mapping[str, str]]


class Unreliable:
    """Wraps an application: rate limit first, then the next fault; paths outside the manner's are left alone."""

    def __init__(self, app: ASGIApp, faults: Faults, limit: RateLimit, manner: Manner) -> None:
        self._app = app
        self._faults = faults
        self._limit = limit
        self._manner = manner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._manner.prefix):
            await self._app(scope, receive, send)
            return
        allowed = self._limit.take()
        fault = self._faults.take(scope["path"])
        send = _with_headers(send, self._manner.headers(self._limit, allowed))
        if not allowed:
            await self._too_many()(scope, receive, send)
        elif fault is None:
            await self._app(scope, receive, send)
        else:
            await self._suffer(fault, scope, receive, send)

    async def _suffer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "throttle":
            await self._too_many(fault.seconds)(scope, receive, send)
        elif fault.kind == "error":
            await JSONResponse(self._manner.broken, 500)(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _halved(send, keep_length=fault.kind == "cut"))

    def _too_many(self, retry_after: float | None = None) -> Response:
        headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        return JSONResponse(self._manner.too_many, 429, headers)


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    more = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *more]
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
