"""The HTTP server of the local cloud: one thread a connection, connections kept open between requests."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import IO, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import LimitedStream

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

LOCALHOST = "127.0.0.1"
IDLE_SECONDS = 300
CHUNK = 1 << 16
NO_BODY = ("1", "204", "304")


class Handler(MotoRequestHandler):  # type: ignore[misc]  # moto is not read for types
    """Keeps a connection open, which werkzeug does not: every request is read to its end first."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: the second waits for an ACK otherwise
    timeout = IDLE_SECONDS

    def make_environ(self) -> Environ:
        environ = super().make_environ()
        if "wsgi.input_terminated" not in environ:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = LimitedStream(self.rfile, length)
        self._body: IO[bytes] = environ["wsgi.input"]
        return environ

    def run_wsgi(self) -> None:
        super().run_wsgi()
        while not self.close_connection and self._body.read(CHUNK):
            pass

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Connection" and not self.close_connection:
            return
        super().send_header(keyword, value)

    def handle_expect_100(self) -> bool:
        return True  # werkzeug answers it

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        if type == "error":
            print(message % args if args else message, file=sys.stderr, flush=True)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def serve_on(port: int, app: WsgiApp) -> BaseWSGIServer:
    """A threaded server of an application on 127.0.0.1; port 0 takes a free one."""
    return make_server(LOCALHOST, port, _with_exact_length(app), threaded=True, request_handler=Handler)


def call(app: WsgiApp, environ: Environ, body: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """Ask an application within the process: status, headers and whole body of its answer."""
    said: list[Any] = []
    asked = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        said[:] = [status, headers]

    answer = _joined(app(asked, start_response))
    return said[0], said[1], answer


def read_body(environ: Environ) -> bytes:
    """All bytes of a request."""
    return environ["wsgi.input"].read()


def _with_exact_length(app: WsgiApp) -> WsgiApp:
    """Answers with the length that they have: on a connection that stays open a wrong one hangs the client."""

    def exact(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        said: list[Any] = []

        def remember(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            said[:] = [status, headers]

        body = _joined(app(environ, remember))
        status, headers = said
        if environ["REQUEST_METHOD"] == "HEAD":
            start_response(status, headers)
            return []
        kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "transfer-encoding")]
        if status.startswith(NO_BODY):
            start_response(status, kept)
            return []
        start_response(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]

    return exact


def _joined(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
