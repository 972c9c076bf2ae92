"""Trino's own HTTP protocol: values stay as Trino writes them, answers come page by page."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from tandem.errors import StandinError, TrinoError

# A server that has just started knows no worker yet, not even itself.
NO_WORKER = "NO_NODES_AVAILABLE"
CANCELLED = "USER_CANCELED"
NO_WORKER_SECONDS = 30.0
BUSY = (502, 503, 504)
BUSY_SECONDS = 30.0
PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 60.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Column = tuple[str, str]
Started = Callable[[str], None]


class Number(float):
    """A float that prints as Trino wrote it: `1.0E10`, not `10000000000.0`."""

    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


@dataclass(frozen=True)
class Page:
    """Some rows of an answer, and what is known of the statement so far; the last page knows all.

    A row holds JSON's values: text for what JSON cannot say (decimals, dates, times, NaN), `Number` for floats,
    base64 for varbinary, lists for arrays and rows, objects for maps.
    """

    query_id: str
    columns: list[Column]
    rows: list[list[Any]] = field(repr=False)
    update_type: str | None
    update_count: int | None
    bytes_scanned: int


@dataclass(frozen=True)
class Result(Page):
    """A whole answer."""


class Trino:
    """One Trino server, for as many threads as you like; close it at the end, or use it in a `with` block."""

    def __init__(
        self,
        url: str,
        user: str = "tandem",
        *,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`url` is where the server answers; its statements run in the name of `user`.

        `timeout` is how long one answer may take, not a statement; `transport` is for tests.
        """
        address = httpx.URL(url)
        self.url = str(address.copy_with(userinfo=b"")).rstrip("/")
        self._running: set[str] = set()
        self._cancelled: set[str] = set()
        self._http = httpx.Client(
            headers={
                "X-Trino-User": user,
                "X-Trino-Source": "tandem",
                "X-Trino-Time-Zone": "UTC",
                # Else Trino cuts timestamps to milliseconds and hides their precision.
                "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            },
            auth=(address.username, address.password) if address.username else None,
            timeout=timeout,
            transport=transport,
            # A proxy of the environment cannot reach this machine's own servers.
            trust_env=address.host not in LOOPBACK,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
        )

    def execute(
        self,
        sql: str,
        catalog: str | None = None,
        schema: str | None = None,
        session: Mapping[str, str] | None = None,
        on_started: Started | None = None,
    ) -> Result:
        """Run one statement to its end and return all of its rows; arguments and errors are those of `pages`."""
        rows: list[list[Any]] = []
        for page in self.pages(sql, catalog, schema, session, on_started):
            rows += page.rows
        return Result(page.query_id, page.columns, rows, page.update_type, page.update_count, page.bytes_scanned)

    def pages(
        self,
        sql: str,
        catalog: str | None = None,
        schema: str | None = None,
        session: Mapping[str, str] | None = None,
        on_started: Started | None = None,
    ) -> Iterator[Page]:
        """Run one statement and yield its answer in pages, at least one; to stop reading cancels the statement.

        `session` holds session properties; `on_started` is told the query's id as soon as there is one, and again
        when a server without workers refused the first attempt. Raises TrinoError for what Trino says about the
        statement (a cancelled one too), StandinError when no Trino answers.
        """
        headers = _headers(catalog, schema, session or {})
        until = time.monotonic() + NO_WORKER_SECONDS
        while True:
            begun = False
            try:
                for page in self._run(sql, headers, on_started):
                    begun = True
                    yield page
            except TrinoError as error:
                if error.name != NO_WORKER or begun or time.monotonic() > until:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def cancel(self, query_id: str) -> None:
        """End a running statement, whose reader then gets a TrinoError named USER_CANCELED; an ended one stays."""
        if query_id in self._running:
            # Trino does not know a statement by its id before its reader has come back once.
            self._cancelled.add(query_id)
        self._ask("DELETE", f"{self.url}/v1/query/{query_id}")

    def close(self) -> None:
        """End connections; statements that run are not touched."""
        self._http.close()

    def __enter__(self) -> Trino:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self, sql: str, headers: Mapping[str, bytes], on_started: Started | None) -> Iterator[Page]:
        answer = self._ask("POST", f"{self.url}/v1/statement", content=sql.encode(), headers=headers)
        query_id, following = answer["id"], answer.get("nextUri")
        columns: list[Column] = []
        self._running.add(query_id)
        try:
            if on_started:
                on_started(query_id)
            while True:
                following = answer.get("nextUri")
                _raise_for(answer)
                columns = columns or [(column["name"], column["type"]) for column in answer.get("columns") or []]
                if not following or answer.get("data"):
                    yield _page(answer, columns)
                if not following:
                    return
                if query_id in self._cancelled:
                    raise TrinoError(CANCELLED, "USER_ERROR", "Query was canceled")
                answer = self._ask("GET", following)
        finally:
            if following:
                with contextlib.suppress(StandinError):
                    self._ask("DELETE", following)
            self._running.discard(query_id)
            self._cancelled.discard(query_id)

    def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                response = self._http.request(method, url, **more)
            except httpx.HTTPError as error:
                raise StandinError(f"Trino at {self.url} does not answer: {type(error).__name__}: {error}.") from error
            if response.status_code not in BUSY or time.monotonic() > until:
                break
            time.sleep(PAUSE_SECONDS)
        if response.status_code == 204:
            return {}
        if response.status_code != 200:
            raise StandinError(f"Trino at {self.url} answered {response.status_code}: {response.text[:300]}")
        return json.loads(response.content, parse_float=Number)


def _headers(catalog: str | None, schema: str | None, session: Mapping[str, str]) -> dict[str, bytes]:
    # Percent-encoded, because a value may hold the comma that separates properties.
    properties = ",".join(f"{name}={quote(value, safe='')}" for name, value in session.items())
    headers = {"X-Trino-Catalog": catalog, "X-Trino-Schema": schema, "X-Trino-Session": properties}
    return {name: value.encode() for name, value in headers.items() if value}


def _page(answer: Mapping[str, Any], columns: list[Column]) -> Page:
    return Page(
        answer["id"],
        columns,
        answer.get("data") or [],
        answer.get("updateType"),
        answer.get("updateCount"),
        answer["stats"].get("physicalInputBytes", 0),
    )


def _raise_for(answer: Mapping[str, Any]) -> None:
    error = answer.get("error")
    if error:
        where = error.get("errorLocation") or {}
        name, kind, message = error["errorName"], error["errorType"], error.get("message", "")
        raise TrinoError(name, kind, message, where.get("lineNumber"), where.get("columnNumber"))
