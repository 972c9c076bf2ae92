"""Every test of the lake runs twice: on a local disk and on S3 (moto's server)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import boto3
import polars as pl
import pytest
from moto_server import moto_server

from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema
from tandem.lake.store import Store, open_store
from tandem.schemas import Entity, entity

BUCKET = "lake-tests"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with moto_server() as address, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", address)
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        environment.delenv("AWS_PROFILE", raising=False)
        location = {"LocationConstraint": "eu-west-1"}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        yield address


@pytest.fixture(params=["disk", "s3"])
def lake_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "disk":
        return (tmp_path / "a lake").as_uri()
    request.getfixturevalue("s3_endpoint")
    return f"s3://{BUCKET}/{uuid4().hex}"


@pytest.fixture
def store(lake_url: str) -> Store:
    return open_store(lake_url)


@pytest.fixture
def sensors() -> Entity:
    return entity("openaq", "sensors")


@pytest.fixture
def partition() -> Partition:
    return Partition("openaq", "sensors", date(2025, 11, 20))


@pytest.fixture
def rows(sensors: Entity, partition: Partition) -> Callable[..., pl.DataFrame]:
    """Sensors of these ids, as the schema declares them."""

    def make(*ids: int, day: date = partition.day) -> pl.DataFrame:
        values = [(number, 1, f"sensor {number}", "pm25", "µg/m³", day) for number in ids]
        return pl.DataFrame(values, polars_schema(sensors), orient="row")

    return make


@pytest.fixture
def at_once() -> Callable[..., list[object]]:
    """Runs functions at the same moment in a thread each; gives what each returned or raised."""

    def run(*functions: Callable[[], object]) -> list[object]:
        start = threading.Barrier(len(functions))
        outcomes: list[object] = [None] * len(functions)

        def call(number: int, function: Callable[[], object]) -> None:
            start.wait()
            try:
                outcomes[number] = function()
            except Exception as error:
                outcomes[number] = error

        threads = [threading.Thread(target=call, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    return run
