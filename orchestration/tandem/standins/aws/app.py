"""The local cloud as one application: requests for Athena and Glue to ours, all others to moto."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends

from tandem.standins.aws.glue import Glue
from tandem.standins.aws.http import Environ, StartResponse, WsgiApp
from tandem.standins.aws.listing import index_listings
from tandem.standins.aws.writes import Writes

STATUS_PATH = "/tandem/instance"
CHANGES = ("PUT", "POST", "DELETE")
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


class Moto(DomainDispatcherApplication):  # type: ignore[misc]  # moto is not read for types
    """moto's services; which of them a host means is looked up once, not in a folder at every request."""

    def __init__(self, create_app: Callable[..., Any]) -> None:
        super().__init__(create_app)
        self._backends: dict[str, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The backend of a host, None where moto must look at the request itself."""
        if host is None:
            return None
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class Cloud:
    """WSGI of all services. Athena is attached when its engine answers; until then its requests are refused."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.writes = Writes()
        self.athena: WsgiApp | None = None
        self.trino_url = ""
        index_listings()
        self._moto = Moto(create_backend_app)
        self._glue = Glue(self._moto, _read_object)
        self._one_condition_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == STATUS_PATH:
            return self._status(start_response)
        service = environ.get("HTTP_X_AMZ_TARGET", "").split(".")[0]
        if service == "AmazonAthena" and self.athena:
            return self.athena(environ, start_response)
        if service == "AWSGlue":
            return self._glue(environ, start_response)
        self.writes.saw(environ)
        if environ["REQUEST_METHOD"] in CHANGES and any(name in environ for name in CONDITIONS):
            # moto looks first and writes then; two who both looked would both win.
            with self._one_condition_at_a_time:
                return self._moto(environ, start_response)
        return self._moto(environ, start_response)

    def _status(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"instance": self.instance, "trino": self.trino_url}).encode()]


def _read_object(location: str) -> bytes:
    parts = urlsplit(location)
    found = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(parts.netloc, parts.path.lstrip("/"))
    if found is None:
        raise FileNotFoundError(location)
    return found.value
