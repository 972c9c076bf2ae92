"""The process of the OpenAQ stand-in: reads its orders (see `openaq_server.orders`), says its port, serves."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tandem.standins.faults import Fault, RateLimit
from tandem.standins.openaq import create_app
from tandem.standins.owner import end_with


def main() -> None:
    """Serve until the owner is gone or a signal comes."""
    orders = json.loads(sys.stdin.buffer.readline())
    end_with(orders["owner"])
    app = create_app(
        Path(orders["data"]),
        orders["api_key"],
        overlay=_overlay(orders["overlay"]),
        faults=[Fault.parse(raw) for raw in orders["faults"]],
        rate_limit=RateLimit(**orders["rate_limit"]),
    )
    listening = socket.create_server(("127.0.0.1", orders["port"]), backlog=256)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    server = uvicorn.Server(_config(app))
    server.run(sockets=[listening])


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)


def _overlay(path: str | None) -> dict[str, Any] | None:
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else None


if __name__ == "__main__":
    main()
