"""A real Trino from the user's cache: it answers, it can be stopped, it keeps to itself, it dies with its owner."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import psutil
import pytest
from pydantic import SecretStr

from tandem.errors import StandinError, TrinoError
from tandem.settings import PROJECT, settings
from tandem.standins.aws.app import Cloud
from tandem.standins.aws.http import serve_on
from tandem.standins.trino.client import Trino
from tandem.standins.trino.server import TrinoServer

SECRET = "s3cret-that-nobody-may-see"
SECONDS_TO_END = 10
ENDLESS = "select count(*) from unnest(sequence(1, 10000)) cross join unnest(sequence(1, 10000)) a(x) {}".format(
    "cross join unnest(sequence(1, 10000)) b(y)"
)
OWNER = """
import os, sys
from pathlib import Path
from pydantic import SecretStr
from tandem.settings import settings
from tandem.standins.trino.server import TrinoServer
key = SecretStr("k")
cache = settings().tandem_cache
with TrinoServer(Path(sys.argv[1]), "http://127.0.0.1:9", "eu-west-1", key, key, cache=cache) as trino:
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
    print(trino.pid, flush=True)
    sys.stdin.read()
"""


def trino_in(folder: Path, aws_url: str = "http://127.0.0.1:9", port: int = 0) -> TrinoServer:
    key, secret = SecretStr("access"), SecretStr(SECRET)
    return TrinoServer(folder, aws_url, "eu-west-1", key, secret, port, cache=settings().tandem_cache)


@pytest.fixture(scope="module")
def aws_url() -> Iterator[str]:
    """S3 and Glue in this process, with a bucket and a database."""
    serving = serve_on(0, Cloud("test"))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{serving.server_port}"
    session = boto3.Session("access", SECRET, region_name="us-east-1")
    session.client("s3", endpoint_url=url).create_bucket(Bucket="lake")
    yield url
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # What the file properties of Java and the shell would each trip over.
    return tmp_path_factory.mktemp("a folder = ü") / "trino"


@pytest.fixture(scope="module")
def server(folder: Path, aws_url: str) -> Iterator[TrinoServer]:
    with trino_in(folder, aws_url) as running:
        with Trino(running.url) as client:
            client.execute("create schema awsdatacatalog.mine with (location = 's3://lake/mine/')")
        yield running


@pytest.fixture
def trino(server: TrinoServer) -> Iterator[Trino]:
    with Trino(server.url) as client:
        yield client


def test_values_come_as_trino_writes_them(trino: Trino) -> None:
    sql = """
        select cast(1.5 as decimal(5, 2)), 1e10, cast(0.1 as real), nan(), true, cast(null as varchar),
               timestamp '2025-11-20 00:00:00.123456', date '2025-11-20', array[1, 2], cast(row(1, 'x') as row(a int, b varchar))
    """  # noqa: E501
    result = trino.execute(sql)
    decimal, double, real, *others = result.rows[0]
    assert (decimal, str(double), str(real)) == ("1.50", "1.0E10", "0.1")
    assert others == ["NaN", True, None, "2025-11-20 00:00:00.123456", "2025-11-20", [1, 2], [1, "x"]]
    assert [kind for _, kind in result.columns][:3] == ["decimal(5, 2)", "double", "real"]
    assert result.columns[6][1] == "timestamp(6)"


def test_the_catalogues_are_athenas(trino: Trino) -> None:
    assert trino.execute("show catalogs").rows == [["awsdatacatalog"], ["iceberg"], ["system"]]


def test_a_session_property_holds_for_its_statement_only(trino: Trino) -> None:
    sql = "show session like 'iceberg.compression_codec'"
    assert trino.execute(sql, session={"iceberg.compression_codec": "GZIP"}).rows[0][1] == "GZIP"
    assert trino.execute(sql).rows[0][1] == "ZSTD"


def test_an_invalid_statement_says_where(trino: Trino) -> None:
    with pytest.raises(TrinoError) as raised:
        trino.execute("select\n  strftime('%Y', x)\nfrom (select 1 as x)")
    assert (raised.value.name, raised.value.line, raised.value.column) == ("FUNCTION_NOT_FOUND", 2, 3)


def test_a_long_answer_comes_in_pages(trino: Trino) -> None:
    sql = "select x from unnest(sequence(1, 10000)) a(x) cross join unnest(sequence(1, 30))"
    sizes = [len(page.rows) for page in trino.pages(sql)]
    assert sum(sizes) == 300_000
    assert max(sizes) < 150_000


def test_a_running_statement_can_be_cancelled_by_another_thread(trino: Trino) -> None:
    with ThreadPoolExecutor(1) as other, pytest.raises(TrinoError) as raised:
        trino.execute(ENDLESS, on_started=lambda query_id: other.submit(trino.cancel, query_id))
    assert raised.value.name == "USER_CANCELED"


def test_an_ended_or_unknown_statement_may_be_cancelled_too(trino: Trino) -> None:
    trino.cancel(trino.execute("select 1").query_id)
    trino.cancel("20200101_000000_00000_aaaaa")


def test_to_stop_reading_ends_the_statement(trino: Trino) -> None:
    started: list[str] = []
    sql = "select x from unnest(sequence(1, 10000)) a(x) cross join unnest(sequence(1, 10000))"
    pages = trino.pages(sql, on_started=started.append)
    next(pages)
    pages.close()
    state = trino.execute(f"select state from system.runtime.queries where query_id = '{started[0]}'").rows
    assert state == [["FAILED"]]


def test_a_table_is_written_and_the_bytes_of_reading_it_are_known(trino: Trino) -> None:
    sql = "create table awsdatacatalog.mine.sums with (external_location = 's3://lake/mine/sums/') as select 1 as a"
    written = trino.execute(sql)
    assert (written.update_type, written.update_count) == ("CREATE TABLE", 1)
    read = trino.execute("select a from sums", "awsdatacatalog", "mine")
    assert read.rows == [[1]]
    assert read.bytes_scanned > 0


@pytest.mark.parametrize(
    ("catalog", "form", "refusal"),
    [
        pytest.param("awsdatacatalog", "partitioned_by = array['p'], external_location", "HIVE", id="hive"),
        pytest.param("iceberg", "partitioning = array['p'], location", "ICEBERG", id="iceberg"),
    ],
)
def test_more_than_100_partitions_are_refused_as_athena_does(
    trino: Trino, catalog: str, form: str, refusal: str
) -> None:
    rows = "select x as a, x as p from unnest(sequence(1, {0})) t(x)"
    sql = f"create table {catalog}.mine.{catalog}_{{0}} with ({form} = 's3://lake/mine/{catalog}_{{0}}/') as {rows}"
    assert trino.execute(sql.format(100)).update_count == 100
    with pytest.raises(TrinoError, match="Exceeded limit of 100 open writers for partitions") as raised:
        trino.execute(sql.format(101))
    assert raised.value.name == f"{refusal}_TOO_MANY_OPEN_PARTITIONS"


def test_many_threads_share_one_client(trino: Trino) -> None:
    with ThreadPoolExecutor(8) as threads:
        results = threads.map(lambda n: trino.execute(f"select {n}").rows, range(8))
        assert list(results) == [[[n]] for n in range(8)]


def test_it_listens_on_the_loopback_only(server: TrinoServer) -> None:
    listening = [
        c.laddr.ip for c in psutil.Process(server.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_the_secret_is_in_private_files_only(server: TrinoServer, folder: Path) -> None:
    holding = [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert {path.name for path in holding} == {"awsdatacatalog.properties", "iceberg.properties"}
    assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}
    process = psutil.Process(server.pid)
    assert SECRET not in " ".join(process.cmdline())
    assert SECRET not in str(process.environ())


def test_a_port_that_is_taken_is_an_error_that_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = trino_in(tmp_path / "trino", port=taken.getsockname()[1])
        with pytest.raises(StandinError, match="Address already in use"):
            server.start()
    with pytest.raises(StandinError, match="not running"):
        _ = server.pid


def test_it_ends_with_an_owner_that_is_killed_while_its_child_holds_the_pipe(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "orchestration")}
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "trino")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    jvm = psutil.Process(int(owner.stdout.readline()))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    try:
        jvm.wait(SECONDS_TO_END)
    finally:
        owner.stdin.close()
        owner.stdout.close()
