"""The Athena target against moto's S3, Glue and STS over HTTP; Athena itself is a server that plays a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import polars as pl
import pytest
from moto_server import moto_server

from tandem.lake.manifest import Manifest
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store
from tandem.schemas import Column, Decimal, Entity, Type
from tandem.settings import Settings
from tandem.steps import open_lake
from tandem.targets.athena import AthenaTarget

BUCKET = "lake"
REGION = "eu-west-1"


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture(autouse=True)
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has the bucket, an empty catalogue and credentials that moto takes."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    glue = boto3.client("glue")
    for database in glue.get_databases()["DatabaseList"]:
        glue.delete_database(Name=database["Name"])
    # moto keeps one state in a process, which the lake's tests share.
    if BUCKET not in [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]:
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


@pytest.fixture
def choose() -> Callable[..., Settings]:
    """Settings of a rehearsal on Athena, with a lake of its own."""

    def make(**more: Any) -> Settings:
        return Settings(
            tandem_env="rehearsal",
            tandem_target="athena",
            _env_file=None,
            **{"tandem_lake": f"s3://{BUCKET}/{uuid4().hex}", **more},
        )

    return make


@pytest.fixture
def settings(choose: Callable[..., Settings]) -> Settings:
    return choose()


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_lake(settings)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project with two models of openaq."""
    models = tmp_path / "dbt" / "models" / "marts" / "openaq"
    models.mkdir(parents=True)
    (tmp_path / "dbt" / "dbt_project.yml").write_text("name: tiny")
    for name in ("fct", "dim"):
        (models / f"{name}.sql").write_text("select 1")
    return tmp_path / "dbt"


@pytest.fixture
def target(settings: Settings, project: Path) -> AthenaTarget:
    return AthenaTarget(settings, project)


@pytest.fixture
def declare() -> Callable[..., Entity]:
    """An entity of openaq with these columns before its partition_date."""

    def make(name: str = "readings", **types: Type | Decimal) -> Entity:
        chosen = types or {"id": Type.BIGINT, "unit": Type.STRING, "price": Decimal(12, 2), "at": Type.TIMESTAMP}
        columns = [Column(column, kind, f"What {column} means.") for column, kind in chosen.items()]
        day = Column("partition_date", Type.DATE, "Day.", nullable=False)
        return Entity("openaq", name, "Readings.", "", (next(iter(chosen)),), (*columns, day))

    return make


@pytest.fixture
def commit(store: Store) -> Callable[..., Manifest]:
    """Commits a day of an entity; its first column gets the values, the others are null."""

    def make(entity: Entity, day: date, values: list[Any], into: Store = store) -> Manifest:
        rows = {entity.columns[0].name: values, "partition_date": [day] * len(values)}
        frame = pl.DataFrame({**dict.fromkeys(polars_schema(entity)), **rows}, polars_schema(entity), strict=False)
        frame = frame if values else frame.clear()
        partition = Partition(entity.system, entity.name, day)
        return write_commit(into, partition, entity, [frame], inputs={}, counts={}, reasons={})

    return make


class ScriptedAthena:
    """Answers Athena's requests from a script, and remembers what it was asked."""

    def __init__(self) -> None:
        self.states = ["QUEUED", "RUNNING", "SUCCEEDED"]
        self.reason = ""
        self.statement_type = "DML"
        self.columns: list[tuple[str, str]] = [("one", "integer")]
        self.pages: list[list[list[str | None]]] = [[["one"], ["1"]]]
        self.work_groups: dict[str, dict[str, Any]] = {"primary": {"State": "ENABLED", "Configuration": {}}}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, body))
        return {
            "GetWorkGroup": self._work_group,
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._state,
            "GetQueryResults": self._results,
            "StopQueryExecution": lambda _: {},
        }[operation](body)

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        return [body for name, body in self.asked if name == operation]

    def _work_group(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["WorkGroup"]
        if name not in self.work_groups:
            return {"__type": "InvalidRequestException", "Message": f"WorkGroup {name} is not found."}
        return {"WorkGroup": {"Name": name, **self.work_groups[name]}}

    def _start(self, _body: dict[str, Any]) -> dict[str, Any]:
        return {"QueryExecutionId": "query-1"}

    def _state(self, _body: dict[str, Any]) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {"State": state, "StateChangeReason": self.reason}
        statistics = {"DataScannedInBytes": 10}
        execution = {"Status": status, "StatementType": self.statement_type, "Statistics": statistics}
        return {"QueryExecution": execution}

    def _results(self, body: dict[str, Any]) -> dict[str, Any]:
        number = int(body.get("NextToken", "0"))
        rows = [
            {"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in self.pages[number]
        ]
        info = [{"Name": name, "Type": kind} for name, kind in self.columns]
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": info}}, **more}


@pytest.fixture
def athena(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAthena]:
    script = ScriptedAthena()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = script.answer(self.headers["X-Amz-Target"].rpartition(".")[2], body)
            answer = json.dumps(content).encode()
            self.send_response(400 if "__type" in content else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", f"http://127.0.0.1:{server.server_port}")
        yield script
        server.shutdown()
        thread.join()
