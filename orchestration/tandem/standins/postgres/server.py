"""The PostgreSQL stand-in as a process: what it is told, how one sees that it answers, and how tests kill it.

It is reached by host, port and password, as a real one is; the socket in its private folder is for loading it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import psutil

from tandem.standins.postgres import folder as folders
from tandem.standins.postgres import shop
from tandem.standins.postgres.cluster import SUPERUSER
from tandem.standins.postgres.content import Content
from tandem.standins.process import Kind, Standin, stop

HOST = "127.0.0.1"
READER = "tandem_reader"
# https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, answered by one letter
ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True)
class PostgresKind(Kind):
    """A stand-in that speaks PostgreSQL's protocol."""

    def base_url(self, said: Mapping[str, Any]) -> str:
        """Where it listens."""
        return f"postgresql://{HOST}:{said['port']}"

    def answers(self, base_url: str, timeout: float) -> bool:
        """Whether a PostgreSQL answers there; asked without a password and without a driver."""
        port = urlsplit(base_url).port or 0
        try:
            with socket.create_connection((HOST, port), timeout) as connection:
                connection.sendall(ASK_FOR_TLS)
                return connection.recv(1) in (b"N", b"S")
        except OSError:
            return False


KIND = PostgresKind("postgres", "tandem.standins.postgres.serve", start_seconds=600.0)


class PostgresStandin(Standin):
    """A PostgreSQL for the length of a `with` block, or until this process dies, however it dies."""

    def __init__(self, content: Content | None = None, *, port: int = 0) -> None:
        """`content` is by default the shop's sample; `port` 0 takes a free one."""
        content = content or shop.content()
        self._told = orders(content, port=port)
        self.host, self.database, self.user = HOST, content.database, READER
        self.password: str = self._told["password"]
        self._lock: int | None = None
        super().__init__(KIND, self._told)

    @property
    def port(self) -> int:
        """Where it listens; raises SourceUnavailable when it is not running."""
        return int(self.running.said["port"])

    @property
    def uri(self) -> str:
        """For a driver, as the user that may only read."""
        return self._uri(self.user, self.password)

    @property
    def admin_uri(self) -> str:
        """For a driver, as the superuser."""
        return self._uri(SUPERUSER, self._told["admin_password"])

    def kill(self) -> None:
        """Kill the server and all its connections; its data and its port stay for `restart`."""
        self._told |= {"port": self.port, "folder": self.running.said["folder"]}
        server = psutil.Process(self.running.said["server"])
        for process in [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.running.process.wait()

    def restart(self) -> None:
        """Start the server that was killed again, on the same data and port."""
        stop(self.running.process)
        self.start()

    def start(self) -> None:
        """Start the process; it takes over the folder that was there."""
        super().start()
        if self._lock is None:
            self._lock = folders.hold(Path(self.running.said["folder"]))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        folder = Path(self.running.said["folder"])
        super().__exit__(kind, error, at)
        # The folder of a server that was killed and not started again is ours to remove.
        shutil.rmtree(folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _uri(self, user: str, password: str) -> str:
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{self.database}"


def orders(content: Content, *, port: int = 0) -> dict[str, Any]:
    """What the process is told; each call makes passwords of its own."""
    return {
        "content": asdict(content),
        "database": content.database,
        "user": READER,
        "password": secrets.token_hex(16),
        "admin_password": secrets.token_hex(16),
        "folder": None,
        "port": port,
    }
