"""The process of the PostgreSQL stand-in: reads its orders (see `server.orders`), says port and folder, waits."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from tandem.errors import TandemError
from tandem.standins.owner import end_with
from tandem.standins.postgres import folder as folders
from tandem.standins.postgres.cluster import SUPERUSER, Cluster

MAINTENANCE = "template1"
FIRST = "postgres"


def main() -> None:
    """Serve until the owner or the server is gone, or a signal comes."""
    orders: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    signal.signal(signal.SIGTERM, _leave)
    folder = Path(orders["folder"]) if orders["folder"] else folders.make()
    folders.hold(folder)
    end_with(orders["owner"])
    try:
        cluster = Cluster(folder)
        _run(cluster, orders)
    except TandemError as error:
        sys.exit(str(error))


def _run(cluster: Cluster, orders: dict[str, Any]) -> None:
    try:
        new = cluster.is_new
        if new:
            cluster.create()
        port = cluster.start(orders["port"])
        if new:
            cluster.psql("".join(_furniture(orders)), MAINTENANCE)
        print(json.dumps({"port": port, "folder": str(cluster.folder), "server": cluster.pid}), flush=True)
        cluster.wait()
    except BaseException:
        cluster.stop()
        raise
    print("PostgreSQL ended, and its stand-in with it.", file=sys.stderr)


def _furniture(orders: dict[str, Any]) -> Iterator[str]:
    """Users, the database, and what is in it, as one script for psql."""
    reader, content = orders["user"], orders["content"]
    if (database := content["database"]) != FIRST:
        yield f"alter database {FIRST} rename to {database};\n"
    yield f"\\connect {database}\n"
    yield f"alter role {SUPERUSER} password '{orders['admin_password']}';\n"
    yield f"create role {reader} login password '{orders['password']}' in role pg_read_all_data;\n"
    yield f"alter role {reader} set default_transaction_read_only = on;\n"
    yield f"begin;\n{content['before']}\n"
    for table, path in content["files"].items():
        name = path.replace("'", "''")
        yield f"\\copy {table} ({_header(Path(path))}) from '{name}' with (format csv, header match)\n"
    yield f"{content['after']}\ncommit;\nanalyze;\n"


def _header(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return lines.readline().strip()


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)


if __name__ == "__main__":
    main()
