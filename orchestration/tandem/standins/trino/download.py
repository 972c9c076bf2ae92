"""One jar from a Maven repository to the cache: retried, checked against its hash, put in place at once."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
import tenacity
from maven_artifact import Artifact, Downloader

from tandem.errors import StandinError
from tandem.standins.trino.jars import Jar

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.5
TIMEOUT_SECONDS = (10.0, 60.0)
CHUNK_BYTES = 1 << 18
USERINFO = re.compile(r"//[^/@\s]*@")
WAY_OUT = (
    "Run tandem standins fetch again: it goes on from here. If this repository cannot be reached, "
    "set TANDEM_MAVEN_REPOSITORY to one that can."
)


class _FailedError(Exception):
    """An attempt that may go better next time; its text says what happened."""


class Download:
    """Fetches jars into a folder; to be used from several threads."""

    def __init__(self, repository: str, draft: Path, folder: Path, received: Callable[[int], None]) -> None:
        """Jars lie in `draft` until they are whole, then in `folder`.

        `received` is told of bytes that came, and, as a negative number, of those that have to come again.
        """
        self._maven = Downloader(repository) if repository else Downloader()
        self._draft, self._folder = draft, folder
        self._received = received
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Have all threads give up."""
        self._stopped.set()

    def fetch(self, jar: Jar) -> None:
        """Bring one jar; raises StandinError when it does not come, is another one, or cannot be written."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_FailedError),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_when_event_set(self._stopped),
            wait=tenacity.wait_random_exponential(multiplier=FIRST_WAIT_SECONDS),
            sleep=tenacity.sleep_using_event(self._stopped),
            reraise=True,
        )
        try:
            retrying(self._attempt, jar)
        except _FailedError as error:
            raise StandinError(f"{jar} could not be fetched: {error}. {WAY_OUT}") from error
        except OSError as error:
            raise StandinError(f"{jar} cannot be written to {self._folder}: {error.strerror or error}.") from error

    def _attempt(self, jar: Jar) -> None:
        draft, came = self._draft / jar.name, 0
        try:
            with draft.open("wb") as file:
                for chunk in self._chunks(jar):
                    file.write(chunk)
                    came += len(chunk)
                    self._received(len(chunk))
            _check(draft, jar)
            draft.replace(self._folder / jar.name)
        except BaseException:
            self._received(-came)
            raise

    def _chunks(self, jar: Jar) -> Iterator[bytes]:
        artifact = Artifact(jar.group, jar.artifact, jar.version, jar.classifier or None)
        address = self._maven.resolver.uri_for_artifact(artifact)
        try:
            with self._maven.requestor.request(address, None, stream=True, timeout=TIMEOUT_SECONDS) as response:
                for chunk in response.iter_content(CHUNK_BYTES):
                    if self._stopped.is_set():
                        raise _FailedError("the fetch was given up")
                    yield chunk
        except requests.RequestException as error:
            raise _failure(jar, error) from error


def _check(draft: Path, jar: Jar) -> None:
    with draft.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise _FailedError(
            f"{draft.stat().st_size} bytes with SHA-256 {found} came, {jar.bytes} with {jar.sha256} should"
        )


def _failure(jar: Jar, error: requests.RequestException) -> Exception:
    """What is worth another attempt, or the end of it when the repository says that it does not give this jar."""
    said = USERINFO.sub("//", str(error))
    status = error.response.status_code if error.response is not None else None
    if status is not None and 400 <= status < 500 and status not in (408, 429):
        return StandinError(f"{jar} could not be fetched: {said}. {WAY_OUT}")
    return _FailedError(said)
