"""The process of a stand-in: reads its orders from standard input, says its port, serves.

Orders are one line of JSON (see `supervisor.Orders`), so the key is in no argument list and no environment.
With an owner the process ends when standard input closes or its parent changes: however the owner dies, even
by SIGKILL, the kernel does one or both, also while a forked child of the owner still holds the pipe.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tandem.standins.faults import Fault, RateLimit
from tandem.standins.openaq import create_app

WATCH_SECONDS = 0.2


def main() -> None:
    """Serve until the owner is gone or a signal comes."""
    orders = json.loads(sys.stdin.buffer.readline())
    if orders["owner"] is not None:
        threading.Thread(target=_end_with, args=(orders["owner"],), daemon=True).start()
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


def _end_with(owner: int) -> None:
    while os.getppid() == owner:
        readable, _, _ = select.select([sys.stdin], [], [], WATCH_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    os._exit(0)


if __name__ == "__main__":
    main()
