"""Extraction from a server that is not ours: payloads in the shape in which the real API gives them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from tandem.extract.openaq import extract_measurements, extract_register, sensor_ids
from tandem.lake.manifest import read_files
from tandem.lake.store import open_store
from tandem.sources.openaq import OpenAQ

DAY = date(2024, 1, 29)

LOCATIONS = """{
 "meta": {"name": "openaq-api", "website": "/", "page": 1, "limit": 100, "found": 53},
 "results": [
  {"id": 18, "name": "SPARTAN - Vietnam Acad. Sci.", "locality": null, "timezone": "Asia/Bangkok",
   "country": {"id": 56, "code": "VN", "name": "Vietnam"}, "owner": {"id": 4, "name": "Unknown"},
   "sensors": [{"id": 37, "name": "pm25 µg/m³",
                "parameter": {"id": 2, "name": "pm25", "units": "µg/m³", "displayName": "PM2.5"}}],
   "coordinates": {"latitude": 21.048, "longitude": 105.8}, "licenses": null, "distance": null,
   "datetimeFirst": null, "datetimeLast": null},
  {"id": 2539, "name": "US Diplomatic Post: Hanoi", "country": null,
   "sensors": [{"id": 5049, "name": "co", "parameter": {"name": "co"}}, {"id": null}, {}], "coordinates": null},
  {"id": 2540}
 ]
}"""

MEASUREMENTS = """{
 "meta": {"name": "openaq-api", "website": "/", "page": 1, "limit": 100, "found": ">100"},
 "results": [
  {"value": 909.0, "flagInfo": {"hasFlags": false},
   "parameter": {"id": 4, "name": "co", "units": "µg/m³", "displayName": null},
   "period": {"label": "raw", "interval": "01:00:00",
    "datetimeFrom": {"utc": "2024-01-29T15:00:00Z", "local": "2024-01-29T22:00:00+07:00"},
    "datetimeTo": {"utc": "2024-01-29T16:00:00Z", "local": "2024-01-29T23:00:00+07:00"}},
   "coordinates": null, "summary": null,
   "coverage": {"expectedCount": 1, "observedCount": 1, "percentComplete": 100.0}}
 ]
}"""


class Replay(BaseHTTPRequestHandler):
    """Gives one saved payload per resource, whatever page or filter is asked for, like a file server."""

    def do_GET(self) -> None:
        text = LOCATIONS if self.path.startswith("/v3/locations") else MEASUREMENTS
        body = text.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Keep the test's output quiet."""


@pytest.fixture
def base_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Replay) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v3/"
        server.shutdown()
        thread.join()


def test_saved_payloads_of_the_real_api_land_once_and_unchanged(base_url: str, tmp_path: Path) -> None:
    lake = open_store(tmp_path.as_uri())
    with OpenAQ(base_url, SecretStr("")) as source:
        register = extract_register(lake, source, DAY, ("VN",))
        sensors = sensor_ids(lake, DAY, ("VN",))
        [measured] = extract_measurements(lake, source, [DAY], sensors)
    assert sensors == [37, 5049]
    assert [payload.decode() for _, payload in read_files(lake, register)] == [LOCATIONS]
    assert [payload.decode() for _, payload in read_files(lake, measured)] == [MEASUREMENTS] * 2
    assert json.loads(MEASUREMENTS)["meta"]["found"] == ">100"
