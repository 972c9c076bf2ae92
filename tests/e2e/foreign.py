"""A server of somebody else's that speaks v3: it asks for no key, ignores every filter, and can be made to wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DAY = "2024-01-29"
ROWS = 5  # readings that every sensor has on DAY
STATIONS = [
    {"id": 2539, "name": "US Diplomatic Post: Hanoi", "country": None, "coordinates": None,
     "sensors": [{"id": 5049, "name": "co", "parameter": {"id": 4, "name": "co", "units": "ppm"}}]},
    {"id": 18, "name": "SPARTAN - Vietnam Acad. Sci.", "timezone": "Asia/Bangkok",
     "country": {"id": 56, "code": "VN", "name": "Vietnam"}, "coordinates": {"latitude": 21.048, "longitude": 105.8},
     "sensors": [{"id": 37, "parameter": {"id": 2, "name": "pm25", "units": "µg/m³"}}]},
    {"id": 2540},
]  # fmt: skip


def reading(hour: int) -> dict[str, object]:
    def at(end: int) -> dict[str, str]:
        return {"utc": f"{DAY}T{end:02}:00:00Z", "local": f"{DAY}T{end + 7:02}:00:00+07:00"}

    parameter = {"id": 4, "name": "co", "units": "µg/m³", "displayName": None}
    period = {"label": "raw", "interval": "01:00:00", "datetimeFrom": at(hour), "datetimeTo": at(hour + 1)}
    return {"value": 900.0 + hour, "parameter": parameter, "period": period, "coordinates": None, "summary": None}


def page(results: list, found: object) -> bytes:
    meta = {"name": "openaq-api", "website": "/", "page": 1, "limit": 100, "found": found}
    return json.dumps({"meta": meta, "results": results}).encode()


class ForeignServer(ThreadingHTTPServer):
    """`asked` is set once measurements are asked for; they are answered only while `answering` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.answering = threading.Event(), threading.Event()
        self.answering.set()
        self.base_url = f"http://127.0.0.1:{self.server_port}/v3/"


class Handler(BaseHTTPRequestHandler):
    server: ForeignServer

    def do_GET(self) -> None:
        body = page(STATIONS, 53)
        if "/measurements" in self.path:
            self.server.asked.set()
            self.server.answering.wait(60)
            body = page([reading(hour) for hour in range(ROWS)], ">100")
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Keep the test's output quiet."""


@contextmanager
def foreign_server() -> Iterator[ForeignServer]:
    with ForeignServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.answering.set()
            server.shutdown()
            thread.join()
