"""One PostgreSQL cluster in a folder: made, configured, started under a guard that ends with this process.

The guard is a shell that holds the other end of a pipe. When the pipe closes, however its owner ended, the shell stops
the server and removes the folder; a server that ends on its own leaves the folder to whoever may start it again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tandem.errors import StandinError
from tandem.standins.postgres.account import Account, account, programs

SUPERUSER = "owner"
START_SECONDS = 15.0
STOP_SECONDS = 4.0
PAUSE_SECONDS = 0.01
PORT_ATTEMPTS = 3
GUARD = """
folder=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- & server=$!
( read -r _ <&3; kill -QUIT "$server" ) & asked=$!
wait "$server"
kill "$asked" 2>/dev/null
wait "$asked" && rm -rf "$folder"
"""
# Nothing in it has to survive the machine, only a kill, and it shares the machine with everything else.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "shared_buffers": "32MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "50",
    "max_worker_processes": "2",
    "io_method": "sync",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "fatal",
    "password_encryption": "scram-sha-256",
}
# TANDEM_HOME names the run that a process belongs to.
PASSED_ON = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "TANDEM_HOME")
# Over the socket, which lies in a folder of mode 0700, nobody else gets in.
ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class Cluster:
    """A cluster in a folder, which may hold its data already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._account: Account = account()
        self._account.give(folder)
        self._programs = programs(self._account, folder)
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def is_new(self) -> bool:
        """Whether there are no data yet."""
        return not (self.data / "PG_VERSION").exists()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return int(self._noted()[0])

    def create(self) -> None:
        """Make an empty cluster; raises StandinError."""
        made = subprocess.run(
            [
                *(self._programs / "initdb", "--pgdata", self.data, "--username", SUPERUSER, "--auth", "trust"),
                *("--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions", "--no-data-checksums"),
                *("--set", "dynamic_shared_memory_type=posix", "--set", "max_connections=50"),
            ],
            **self._account.popen,
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise StandinError(f"initdb failed: {_last_line(made.stderr)}")
        lines = [f"{name} = '{value}'\n" for name, value in SETTINGS.items()]
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines([*lines, f"unix_socket_directories = '{self.folder}'\n"])
        (self.data / "pg_hba.conf").write_text(ACCESS)

    def start(self, port: int) -> int:
        """Start the server and wait until it answers; port 0 takes a free one, which is returned.

        Raises StandinError.
        """
        earlier = self._noted()[:1]
        for _ in range(1 if port else PORT_ATTEMPTS):
            chosen = port or _free_port()
            self._guard = self._start_on(chosen)
            if self._becomes_ready(chosen, earlier):
                return chosen
            if self._guard.poll() is None:
                break
        raise StandinError(f"PostgreSQL does not start on port {chosen} in {self.folder}.")

    def wait(self) -> None:
        """Wait until the server ended."""
        assert self._guard is not None
        self._guard.wait()

    def stop(self) -> None:
        """Stop the server and remove the folder, as the guard does for one whose owner is gone."""
        if self._guard is None or self._guard.poll() is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(STOP_SECONDS)

    def psql(self, script: str, database: str) -> None:
        """Run statements and psql's own commands as the superuser; raises StandinError with the first complaint."""
        told = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", database, "--username", SUPERUSER]
        done = subprocess.run(
            [self._programs / "psql", *told, "--host", self.folder, "--port", self._port, "--file", "-"],
            env=_environment(),
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StandinError(f"PostgreSQL refused the data: {done.stderr.strip().splitlines()[0]}")

    def _start_on(self, port: int) -> subprocess.Popen[bytes]:
        self._port = str(port)
        server = [str(self._programs / "postgres"), "-D", str(self.data), "-p", self._port]
        return subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(self.folder), *server],
            **self._account.popen,
            cwd="/",
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def _becomes_ready(self, port: int, earlier: list[str]) -> bool:
        """Whether the server accepts connections; a killed one left a note too, under its own number."""
        assert self._guard is not None
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit and self._guard.poll() is None:
            noted = self._noted()
            if noted[:1] != earlier and noted[3:4] == [str(port)] and noted[7:] == ["ready"]:
                return True
            time.sleep(PAUSE_SECONDS)
        return False

    def _noted(self) -> list[str]:
        """The lines of the server's pid file: its number, …, its port, …, and at last whether it is ready."""
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _environment() -> dict[str, str]:
    """No setting of libpq's, no language but English, and nothing that another user's process need not know."""
    return {**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, "LC_ALL": "C", "TZ": "UTC"}


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
