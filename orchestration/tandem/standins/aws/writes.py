"""Which objects a statement of Trino wrote: seen as they arrive, since their names begin with the query's id."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

from tandem.standins.aws.http import Environ

REMEMBERED = 256
_QUERY = re.compile(r"\d{8}_\d{6}_\d{5}_\w{5}")


class Writes:
    """Objects by query."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: OrderedDict[str, list[str]] = OrderedDict()

    def saw(self, environ: Environ) -> None:
        """Note a request if it writes an object of a query."""
        method = environ["REQUEST_METHOD"]
        completes_parts = method == "POST" and "uploadId=" in environ["QUERY_STRING"]
        if method != "PUT" and not completes_parts:
            return
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        query = _QUERY.match(path.rsplit("/", 1)[-1])
        if query:
            self._note(query.group(), f"s3:/{path}")

    def take(self, query: str) -> list[str]:
        """The objects of a query, in order of their names; they are forgotten."""
        with self._lock:
            return sorted(set(self._objects.pop(query, ())))

    def _note(self, query: str, location: str) -> None:
        with self._lock:
            self._objects.setdefault(query, []).append(location)
            while len(self._objects) > REMEMBERED:
                self._objects.popitem(last=False)
