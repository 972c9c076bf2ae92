"""Starts the assembled Trino as a child of this process, and makes sure that it ends with it.

with TrinoServer(folder, aws_url, region, access_key, secret_key, cache=cache) as server:
    Trino(server.url).execute("select 1")
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from pydantic import SecretStr

from tandem.errors import StandinError, TrinoError
from tandem.standins.trino import configuration
from tandem.standins.trino.assemble import assemble, java
from tandem.standins.trino.client import Trino

START_SECONDS = 300.0
STOP_SECONDS = 10.0
PROBE_SECONDS = 5.0
PAUSE_SECONDS = 0.1
PORT_ATTEMPTS = 3
PORT_TAKEN = "Address already in use"
TAIL_BYTES = 1 << 16
# The first that any line matches: an exception's innermost cause, a numbered or plain error, any other line.
REASONS = tuple(
    map(re.compile, (r"^Caused by: (?!.*same stack trace)", r"^\d+\) |^Error: |Exception: ", r"^(?!\s+at ).*\w"))
)


class TrinoServer:
    """A Trino 406 whose catalogues are one Glue and one S3; a `with` block, or `start` and `stop`.

    It answers on 127.0.0.1 only and dies with this process, however that dies.
    """

    def __init__(
        self,
        folder: Path,
        aws_url: str,
        region: str,
        access_key: SecretStr,
        secret_key: SecretStr,
        port: int = 0,
        *,
        cache: Path,
        heap: str = "768m",
    ) -> None:
        """`folder` takes its configuration, log and temporary files; `cache` is the user's cache folder.

        `port` 0 takes a free one; `heap` is the JVM's largest, as `-Xmx` wants it.
        """
        self._folder = folder
        self._cloud = configuration.Cloud(aws_url, region, access_key, secret_key)
        self._port = port
        self._cache = cache
        self._heap = heap
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def log(self) -> Path:
        """Where Trino writes what it has to say."""
        return self._folder / "trino.log"

    @property
    def pid(self) -> int:
        """Process id of the JVM; raises StandinError when it is not running."""
        if self._process is None or self._process.poll() is not None:
            raise StandinError("Trino is not running.")
        return self._process.pid

    def start(self) -> TrinoServer:
        """Start it and return when it has answered a query.

        Raises StandinError, with what the log says, when it does not.
        """
        installation = assemble(self._cache)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                self._start_on(self._port or _free_port(), installation)
            except StandinError as error:
                # Somebody took the port between our look and Trino's.
                if self._port or attempt == PORT_ATTEMPTS or PORT_TAKEN not in str(error):
                    raise
            else:
                return self
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """End it; nothing happens when it is not running."""
        process, self._process, self.url = self._process, None, ""
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # at which it ends
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)

    def __enter__(self) -> TrinoServer:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _start_on(self, port: int, installation: Path) -> None:
        node = secrets.token_hex(8)
        config = configuration.write(self._folder / "etc", self._cloud, node, port)
        with _private(self.log) as log:
            self._process = subprocess.Popen(
                _command(installation, config, self._temporary(), self._heap),
                cwd=self._folder,
                # None of the caller's settings and secrets; file names are UTF-8 whatever the caller's language.
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # an interrupt on the keyboard is the owner's to handle
            )
        try:
            self._await_answer(f"http://127.0.0.1:{port}", node)
        except BaseException:
            self.stop()
            raise
        self.url = f"http://127.0.0.1:{port}"

    def _await_answer(self, url: str, node: str) -> None:
        """Until this very server, not another one on that port, runs a statement."""
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        with Trino(url, timeout=PROBE_SECONDS) as client:
            while self._process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(StandinError, TrinoError):
                    if client.execute("select node_id from system.runtime.nodes").rows == [[node]]:
                        return
                time.sleep(PAUSE_SECONDS)
        code = self._process.poll()
        how = f"ended with {code}" if code is not None else f"did not answer within {START_SECONDS:g} s"
        raise StandinError(f"Trino {how}. {self.log} says: {_reason(self.log)}")

    def _temporary(self) -> Path:
        """Files on their way to S3 lie here; what an earlier start left is of no use."""
        folder = self._folder / "tmp"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


def _command(installation: Path, config: Path, temporary: Path, heap: str) -> list[str]:
    return [
        str(java()),
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:ReservedCodeCacheSize=150m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        # Starts a second sooner; the jars were compared with their hashes.
        "-XX:+UnlockDiagnosticVMOptions",
        "-XX:-BytecodeVerificationRemote",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        "-Djdk.attach.allowAttachSelf=true",
        f"-Djava.io.tmpdir={temporary}",
        f"-Dconfig={config}",
        f"-Dplugin.dir={installation / 'plugin'}",
        "-cp",
        str(installation / "lib" / "*"),
        "tandem.Main",
        str(os.getpid()),
    ]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _reason(log: Path) -> str:
    """The line of the log that says why it ended: below it come stack frames and a legend of class names."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    found = (line.strip() for telling in REASONS for line in reversed(lines) if telling.search(line))
    return next(found, "(it says nothing)")
