"""The process of the local cloud: reads its orders from standard input, starts Trino, says its port, serves.

Orders are one line of JSON:

    bucket        name, or list of names, of the buckets to make
    region        of all services
    work_group    an Athena work group that exists besides `primary` and `tandem-validate`
    access_key, secret_key     what Trino signs with; any will do
    trino         {"url": …} of one that runs, or {"folder": …, "cache": …} for one of its own
    port          0 or none takes a free one
    owner         process id to end with, or null

The answer is one line of JSON: {"port": …, "instance": …, "trino": …}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config
from pydantic import SecretStr

from tandem.errors import TandemError
from tandem.standins.aws.app import Cloud
from tandem.standins.aws.athena import Athena
from tandem.standins.aws.engine import Engine
from tandem.standins.aws.http import serve_on
from tandem.standins.aws.validate import WORK_GROUP as VALIDATE_ONLY
from tandem.standins.aws.workgroups import WorkGroups
from tandem.standins.owner import end_with
from tandem.standins.trino.client import Trino
from tandem.standins.trino.server import TrinoServer

Orders = dict[str, Any]


def main() -> None:
    """Serve until the owner is gone or a signal comes."""
    orders: Orders = json.loads(sys.stdin.buffer.readline())
    end_with(orders.get("owner"))
    _forget_other_clouds()
    cloud = Cloud(uuid.uuid4().hex)
    server = serve_on(orders.get("port", 0), cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        _furnish(cloud, url, orders)
    except TandemError as error:
        sys.exit(str(error))
    told = {"port": server.server_port, "instance": cloud.instance, "trino": cloud.trino_url}
    print(json.dumps(told), flush=True)
    threading.Event().wait()


def _furnish(cloud: Cloud, url: str, orders: Orders) -> None:
    """Buckets, the engine and the Athena in front of it."""
    region = orders["region"]
    session = boto3.Session(orders["access_key"], orders["secret_key"], region_name=region)
    settings = Config(
        proxies={},
        max_pool_connections=32,
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    s3 = session.client("s3", endpoint_url=url, config=settings)
    glue = session.client("glue", endpoint_url=url, config=settings)
    for bucket in _names(orders["bucket"]):
        elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **elsewhere)
    cloud.trino_url = _trino_url(url, orders)
    trino = Trino(cloud.trino_url)
    engine = Engine(trino, s3, cloud.writes)
    groups = WorkGroups(["primary", VALIDATE_ONLY, *_names(orders["work_group"])])
    cloud.athena = Athena(engine, glue, s3, region, groups, trino.cancel)


def _trino_url(url: str, orders: Orders) -> str:
    """A Trino that is there already, or one that ends with this process, by the pipe that it reads."""
    wanted = orders["trino"]
    if wanted.get("url"):
        return str(wanted["url"])
    keys = SecretStr(orders["access_key"]), SecretStr(orders["secret_key"])
    server = TrinoServer(Path(wanted["folder"]), url, orders["region"], *keys, cache=Path(wanted["cache"]))
    engine_url = server.start().url
    threading.Thread(target=_end_with_engine, args=(server,), daemon=True).start()
    return engine_url


def _end_with_engine(server: TrinoServer) -> None:
    """An endpoint without its engine would look alive and refuse everything; to hold the server keeps its pipe open."""
    psutil.Process(server.pid).wait()
    print("Trino ended, and the local cloud with it.", file=sys.stderr, flush=True)
    os._exit(1)


def _names(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _forget_other_clouds() -> None:
    """The settings of a real account are of no use here, and a profile that does not exist is an error."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]


if __name__ == "__main__":
    main()
