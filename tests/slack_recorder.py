"""A local server that takes what Slack takes, by webhook and by bot, and keeps it for the test to read."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

WEBHOOK_PATH = "/services/T0000/B0000/w3bhook-that-nobody-may-see"


@dataclass(frozen=True)
class Received:
    """One message: when it came, where to, with which headers, and what it was."""

    at: float
    path: str
    authorization: str
    body: dict[str, Any]

    @cached_property
    def attachment(self) -> dict[str, Any]:
        """Its one attachment."""
        (found,) = self.body["attachments"]
        return dict(found)

    @cached_property
    def fields(self) -> dict[str, str]:
        """The named parts of the message."""
        section = next(block for block in self.attachment["blocks"] if "fields" in block)
        pairs = (field["text"].split("*\n", 1) for field in section["fields"])
        return {name.removeprefix("*"): value for name, value in pairs}

    @property
    def text(self) -> str:
        """The whole message, to look for words in."""
        return json.dumps(self.body, ensure_ascii=False)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A sender that does not wait for a slow answer is what some tests are about.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class SlackRecorder:
    """Context manager. `answer` gives status and text for a path; set it to let Slack misbehave."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[str], tuple[int, str]] = well
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> SlackRecorder:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where the recorder is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def webhook(self) -> str:
        """The address of its webhook."""
        return f"{self.url}{WEBHOOK_PATH}"

    @property
    def api(self) -> str:
        """The address of its API, for a bot."""
        return f"{self.url}/api/"

    def wait_for(self, condition: Callable[[list[Received]], Any], patience: float = 60.0) -> Any:
        """What the condition gives once it holds of what was received; fails when it does not in time."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: condition(self.received), patience), self.received
        return condition(self.received)

    def _keep(self, received: Received) -> None:
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                body = _parsed(sent, self.headers["Content-Type"])
                recorder._keep(Received(time.time(), self.path, self.headers["Authorization"] or "", body))
                self._say(*recorder.answer(self.path))

            def do_GET(self) -> None:
                self._say(200, json.dumps([message.body for message in recorder.received]))

            def _say(self, status: int, text: str) -> None:
                said = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler


def well(path: str) -> tuple[int, str]:
    """What Slack answers when all is well."""
    return 200, '{"ok": true}' if path.startswith("/api/") else "ok"


def _parsed(sent: bytes, kind: str) -> dict[str, Any]:
    if kind.startswith("application/json"):
        return dict(json.loads(sent))
    # The SDK sends what is not plain text as JSON inside a form.
    form = {name: values[0] for name, values in parse_qs(sent.decode()).items()}
    return form | {name: json.loads(form[name]) for name in ("attachments", "blocks") if name in form}
