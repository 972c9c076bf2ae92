"""A vendor's API: what its clients have in common."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tandem.sources.http import JsonClient


class Api:
    """A client of one server; safe to share between threads. Use it as a context manager, or close it."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End connections and waiting threads."""
        self._client.close()
