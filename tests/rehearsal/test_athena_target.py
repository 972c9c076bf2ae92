"""The Athena target with a real Trino behind Athena: what is published is read, typed, pruned and never torn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal as Exact
from typing import Any

import boto3
import polars as pl
import pytest

from tandem.errors import WarehouseError
from tandem.lake.manifest import Manifest
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store
from tandem.schemas import Column, Decimal, Entity, Type, entity
from tandem.settings import Settings
from tandem.standins.cloud import cloud_of
from tandem.steps import open_lake
from tandem.targets.athena import AthenaTarget
from tandem.targets.athena.doctor import cloud_checks

OCTOBER = date(2025, 10, 1)
ENDLESS = "select count(*) from " + " cross join ".join(
    f"unnest(sequence(1, 10000)) as t{number} (x{number})" for number in range(4)
)
READINGS = Entity(
    "openaq",
    "readings",
    "Readings of every type.",
    "",
    ("id",),
    (
        Column("id", Type.BIGINT, "", nullable=False),
        Column("name", Type.STRING, ""),
        Column("share", Type.DOUBLE, ""),
        Column("good", Type.BOOLEAN, ""),
        Column("seen", Type.DATE, ""),
        Column("at", Type.TIMESTAMP, ""),
        Column("price", Decimal(12, 2), ""),
        Column("partition_date", Type.DATE, "", nullable=False),
    ),
)
VALUES = ("µg", 0.1, True, date(1969, 12, 31), datetime(2025, 10, 1, 1, 2, 3, 4000), Exact("10.50"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    home = tmp_path_factory.mktemp("home")
    chosen = Settings(tandem_env="rehearsal", tandem_target="athena", tandem_home=home, _env_file=None)
    with cloud_of(chosen):
        yield chosen


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_lake(settings)


@pytest.fixture
def target(settings: Settings) -> AthenaTarget:
    return AthenaTarget(settings)


def commit(store: Store, day: date, ids: list[int], *values: Any) -> Manifest:
    rows = [(number, *(values or VALUES), day) for number in ids]
    frame = pl.DataFrame(rows, polars_schema(READINGS), orient="row")
    return write_commit(
        store, Partition("openaq", "readings", day), READINGS, [frame], inputs={}, counts={}, reasons={}
    )


def test_every_type_is_read_as_declared_and_values_come_back_typed(target: AthenaTarget, store: Store) -> None:
    commit(store, OCTOBER, [1, 2])
    target.publish(store, [READINGS])
    seen = target.observe(READINGS, [OCTOBER])
    assert seen.types == target.declared_types(READINGS)
    assert (seen.rows, set(seen.nulls.values())) == ({OCTOBER: 2}, {0})
    columns, rows = target.query("select * from openaq_processed.readings where day = '01' and month = '10' and id = 1")
    assert columns == [*(column.name for column in READINGS.columns), "year", "month", "day"]
    assert rows == [(1, *VALUES, OCTOBER, "2025", "10", "01")]


def test_an_empty_day_and_a_day_that_is_not_there_have_no_rows_but_types(target: AthenaTarget, store: Store) -> None:
    empty = OCTOBER + timedelta(days=1)
    commit(store, empty, [])
    target.publish(store, [READINGS])
    seen = target.observe(READINGS, [empty, date(2031, 1, 1)])
    assert (seen.rows, seen.types) == ({}, target.declared_types(READINGS))


def test_nulls_are_counted_and_every_declared_entity_can_be_observed(target: AthenaTarget, store: Store) -> None:
    day = OCTOBER + timedelta(days=2)
    commit(store, day, [1, 2, 3], *[None] * len(VALUES))
    target.publish(store, [READINGS, entity("openaq", "measurements")])
    seen = target.observe(READINGS, [day])
    assert (seen.null_rate("id"), seen.null_rate("at")) == (0, 1)
    measurements = entity("openaq", "measurements")
    assert target.observe(measurements).types == target.declared_types(measurements)


def test_only_the_days_asked_for_are_scanned(target: AthenaTarget, store: Store) -> None:
    days = [date(2024, 2, 1) + timedelta(days=number) for number in range(40)]
    for day in days:
        commit(store, day, list(range(200)))
    target.publish(store, [READINGS])
    scanned = []
    for chosen in (days[:1], days):
        assert target.observe(READINGS, chosen).rows == dict.fromkeys(chosen, 200)
        newest = target._clients.athena.list_query_executions(MaxResults=1)["QueryExecutionIds"][0]
        execution = target._clients.athena.get_query_execution(QueryExecutionId=newest)["QueryExecution"]
        scanned.append(execution["Statistics"]["DataScannedInBytes"])
    assert 0 < scanned[0] * 30 < scanned[1]


def test_a_query_sees_the_old_day_or_the_new_one_while_it_is_replaced(target: AthenaTarget, store: Store) -> None:
    day = date(2023, 5, 5)
    versions = [list(range(50)), list(range(1000, 1100))]
    states = {(len(ids), sum(ids)) for ids in versions}
    commit(store, day, versions[0])
    target.publish(store, [READINGS])
    done, seen, failures = threading.Event(), [], []

    def read() -> None:
        sql = "select count(*), sum(id) from openaq_processed.readings where year = '2023' and month = '05'"
        while not done.is_set():
            try:
                seen.extend(AthenaTarget(target._settings).query(sql)[1])
            except WarehouseError as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(1, 13):
        commit(store, day, versions[turn % 2])
        target.publish(store, [READINGS])
    done.set()
    reader.join()
    assert failures == []
    assert set(seen) <= states
    assert seen


def test_an_interrupted_statement_does_not_run_on(target: AthenaTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def interrupted(_seconds: float) -> None:
        looked.append(True)
        raise KeyboardInterrupt

    # The module sees another `time`, not everybody another `sleep`: the local servers may use that.
    monkeypatch.setattr("tandem.targets.athena.athena.time", type("Clock", (), {"sleep": staticmethod(interrupted)}))
    with pytest.raises(KeyboardInterrupt):
        target.query(ENDLESS)
    assert looked
    athena = boto3.client("athena")
    newest = athena.list_query_executions(MaxResults=1)["QueryExecutionIds"][0]
    deadline = time.monotonic() + 20
    state = ""
    while state != "CANCELLED" and time.monotonic() < deadline:
        state = athena.get_query_execution(QueryExecutionId=newest)["QueryExecution"]["Status"]["State"]
    assert state == "CANCELLED"


def test_a_wrong_statement_has_the_engines_reason(target: AthenaTarget) -> None:
    with pytest.raises(WarehouseError, match=r"COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved"):
        target.query("select nothing from openaq_processed.readings")


def test_more_rows_than_a_page_holds_come_back_whole(target: AthenaTarget) -> None:
    _columns, rows = target.query("select x, cast(x as varchar) from unnest(sequence(1, 2500)) as t (x) order by x")
    assert rows == [(number, str(number)) for number in range(1, 2501)]


def test_the_doctor_finds_the_local_cloud_well(settings: Settings) -> None:
    assert [answer for answer in cloud_checks(settings) if not answer.ok] == []
