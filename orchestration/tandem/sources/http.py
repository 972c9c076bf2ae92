"""JSON over HTTP from a source that fails at times: shared rate limit, retries with back-off, clear errors."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity
from pydantic import SecretStr

from tandem.errors import SettingsError, SourceRefused, SourceUnavailable
from tandem.sources.limit import SharedLimit

log = logging.getLogger(__name__)

ATTEMPTS = 5
THROTTLED_ATTEMPTS = 20
TIMEOUT_SECONDS = 60.0
BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
CONNECTIONS = 32
USERINFO = re.compile(r"//[^/@]*@")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Answer:
    """A payload exactly as served (after the transfer's own compression), and the JSON object in it."""

    payload: bytes
    body: dict[str, Any]


@dataclass(frozen=True)
class Page:
    """One page exactly as served, a name for it that is unique within its partition, and where it came from.

    `elements` are the objects in it, where whoever lands it wants to look at them.
    """

    name: str
    payload: bytes
    origin: dict[str, object]
    elements: list[Any] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Access:
    """Where a source is and how to show who asks; `*_setting` are the names that errors tell the user to look at.

    `scheme` stands before the key in its header; `headers_too` go with every request; `verdict_header` is the one in
    which a server says itself whether to ask again, `true` or `false`.
    """

    base_url: str
    url_setting: str
    key: SecretStr
    key_setting: str
    key_header: str
    scheme: str = ""
    headers_too: Mapping[str, str] = field(default_factory=dict)
    verdict_header: str = ""

    def headers(self) -> dict[str, str]:
        """All headers; that of the key only when one is set. Raises SettingsError for a key no header can carry."""
        key = self.key.get_secret_value().strip()
        if not (key.isascii() and key.isprintable()):
            raise SettingsError(f"{self.key_setting} (not shown) holds characters that no key has. Copy it again.")
        shown = {self.key_header: f"{self.scheme} {key}".lstrip()} if key else {}
        return {**self.headers_too, **shown}

    def without_key(self, text: str) -> str:
        """A text in which the key, should it be there, cannot be read."""
        key = self.key.get_secret_value().strip()
        return text.replace(key, "***") if key else text


class _FailedError(Exception):
    """An attempt that may go better next time; its text says what happened."""


class JsonClient:
    """Asks one source for JSON objects; use it from as many threads as you like, and close it at the end.

    Retried with exponential back-off: connection failures, time-outs, 408, 5xx, broken and invalid JSON.
    429 waits as long as the headers say, for all threads together.
    """

    def __init__(
        self,
        access: Access,
        *,
        timeout: float = TIMEOUT_SECONDS,
        backoff: float = BACKOFF_SECONDS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """`backoff` is the first wait between attempts; `transport` and `sleep` are for tests."""
        self._access = access
        self._base = _checked(access)
        self._name = USERINFO.sub("//", self._base)
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._limit = SharedLimit(self._sleep)
        self._wait = tenacity.wait_random_exponential(multiplier=backoff, max=LONGEST_BACKOFF_SECONDS)
        self._http = httpx.Client(
            headers=access.headers(),
            timeout=timeout,
            transport=transport,
            # A proxy of the environment cannot reach this machine's own servers.
            trust_env=urlsplit(self._base).hostname not in LOOPBACK,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )

    def get(self, path: str, params: Mapping[str, str | int], check: Callable[[dict[str, Any]], bool]) -> Answer:
        """One answer whose JSON object passes `check`.

        Raises SourceRefused when asking again is useless, SourceUnavailable when no attempt succeeded.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_FailedError),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(self._attempt, path, params, check)
        except _FailedError as error:
            raise SourceUnavailable(
                f"{self._name}{path} gave no usable answer in {ATTEMPTS} attempts; the last one: {error}. "
                f"Run again later, or check {self._access.url_setting}."
            ) from error

    def close(self) -> None:
        """End connections; threads that wait for their turn give up."""
        self._closed.set()
        self._http.close()

    def _attempt(self, path: str, params: Mapping[str, str | int], check: Callable[[dict[str, Any]], bool]) -> Answer:
        response = self._send_in_turn(path, params)
        status, verdict = response.status_code, self._verdict(response)
        if verdict == "true" or status == 408 or (status >= 500 and verdict != "false"):
            raise _FailedError(f"status {status}{self._said(response)}")
        if status >= 500:
            raise SourceUnavailable(
                f"{self._name}{path} answered {status}{self._said(response)}, and that asking again now is of no use. "
                "Run again later."
            )
        if response.status_code != 200:
            raise self._refusal(response)
        try:
            body = json.loads(response.content)
        except ValueError as error:
            raise _FailedError(f"invalid JSON ({len(response.content)} bytes)") from error
        if not isinstance(body, dict) or not check(body):
            raise _FailedError("JSON of another shape than expected")
        return Answer(response.content, body)

    def _verdict(self, response: httpx.Response) -> str:
        """What the server itself says about asking again; empty when it says nothing, or all is well."""
        if response.status_code == 200 or not self._access.verdict_header:
            return ""
        return str(response.headers.get(self._access.verdict_header, ""))

    def _send_in_turn(self, path: str, params: Mapping[str, str | int]) -> httpx.Response:
        for attempt in range(THROTTLED_ATTEMPTS):
            self._limit.enter()
            response = self._send(path, params, otherwise=min(2.0**attempt, 60.0))
            if response.status_code != 429:
                return response
        raise SourceUnavailable(
            f"{self._name}{path} answered 429 (too many requests) {THROTTLED_ATTEMPTS} times, though we waited each "
            f"time as long as it said. Is {self._access.key_setting} in use elsewhere? Run again later."
        )

    def _send(self, path: str, params: Mapping[str, str | int], otherwise: float) -> httpx.Response:
        headers, refused = None, False
        try:
            response = self._http.get(self._base + path, params=dict(params))
            headers, refused = response.headers, response.status_code == 429
        except httpx.HTTPError as error:
            raise _FailedError(self._access.without_key(f"{type(error).__name__}: {error}")) from error
        finally:
            self._limit.leave(headers, refused=refused, otherwise=otherwise)
        return response

    def _refusal(self, response: httpx.Response) -> SourceRefused:
        status, asked = response.status_code, USERINFO.sub("//", str(response.url))
        if status in (401, 403):
            state = "is not set" if not self._http.headers.get(self._access.key_header) else "is not accepted"
            return SourceRefused(
                f"{asked} answered {status}: {self._access.key_setting} {state}.{self._said(response)} "
                f"Set it in the environment or in .env to a key of {self._name}."
            )
        if response.is_redirect:
            where = response.headers.get("location", "elsewhere")
            return SourceRefused(f"{asked} redirects to {where}. Set {self._access.url_setting} to the final address.")
        said = self._said(response) or f" {self._access.without_key(response.text[:300])}"
        return SourceRefused(f"{asked} answered {status}:{said} Check {self._access.url_setting} and the parameters.")

    def _said(self, response: httpx.Response) -> str:
        """What `{"error": {"type": …, "message": …}}` says, as words to append; empty for a body of another shape."""
        try:
            error = response.json()["error"]
            said = f" {error['type']}: {error['message'][:300]}"
        except (ValueError, KeyError, TypeError):
            return ""
        return self._access.without_key(said)

    def _pause(self, seconds: float) -> None:
        log.info("asking again in %.1f s", seconds)
        if self._sleep(seconds):
            raise SourceUnavailable("The run was given up while it waited to ask the source again.")


def _checked(access: Access) -> str:
    """The base address without a slash at its end; raises SettingsError when it is none."""
    base = access.base_url.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{access.url_setting} is {base!r}. Allowed: http://host or https://host/path.")
    return base
