"""Extractions of one run that reach the warehouse at the same moment, each with entities of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tandem import steps, warehouse
from tandem.errors import SettingsError, ValidationFailed
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store
from tandem.schemas import entities, entity
from tandem.settings import PROJECT, settings
from tandem.targets import open_target

DAY = date(2025, 11, 3)
SYSTEM = "ecommerce"
TABLES = ("customers", "products", "orders", "order_items", "charges", "refunds")
PUBLISH = f"""
import sys
from datetime import date
from tandem import warehouse
from tandem.runs import hold_for_task
from tandem.settings import settings
print("ready", flush=True)
sys.stdin.readline()
hold_for_task("one run")
names = sys.argv[1:]
warehouse.catalog(settings(), "{SYSTEM}", names)
warehouse.validate(settings(), "{SYSTEM}", [date(2025, 11, 3)], names)
"""


def land(store: Store, name: str, quarantined: int = 0) -> None:
    """Commit a processed partition without rows."""
    declared = entity(SYSTEM, name)
    counts = {"in": quarantined, "out": 0, "superseded": 0, "outside": 0, "quarantined": quarantined}
    frame = pl.DataFrame(schema=polars_schema(declared))
    write_commit(store, Partition(SYSTEM, name, DAY), declared, [frame], inputs={}, counts=counts, reasons={})


def test_six_processes_that_publish_at_once_wait_for_each_other(tandem_home: Path) -> None:
    store = steps.open_lake(settings())
    for name in TABLES:
        land(store, name)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "orchestration")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PUBLISH, name],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in TABLES
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ended = [process.communicate("go\n", timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * len(TABLES), ended
    published = {partition.entity for partition, _ in open_target(settings()).published()}
    assert published == set(TABLES)


def test_only_the_named_entities_are_published(tandem_home: Path) -> None:
    store = steps.open_lake(settings())
    for name in TABLES:
        land(store, name)
    assert warehouse.catalog(settings(), SYSTEM, ["charges", "refunds"]) == {"published": {"charges": 1, "refunds": 1}}
    assert set(open_target(settings()).owed(SYSTEM).days) == {"charges", "refunds"}


def test_only_the_named_entities_are_validated(tandem_home: Path) -> None:
    store = steps.open_lake(settings())
    for name in TABLES:
        land(store, name, quarantined=1 if name == "orders" else 0)
    warehouse.catalog(settings(), SYSTEM)
    assert warehouse.validate(settings(), SYSTEM, [DAY], ["customers"]) == {"days": {"customers": 1}}
    with pytest.raises(ValidationFailed, match=r"ecommerce\.orders were set aside"):
        warehouse.validate(settings(), SYSTEM, [DAY], ["orders"])


def test_only_the_named_entities_are_refined(tandem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(steps, "refine_partition", lambda _store, one, _day, force: asked.append(one.name))
    store = steps.open_lake(settings())
    steps.refine(store, SYSTEM, [DAY], ["refunds", "charges"], progress=lambda _done, _total: None)
    assert sorted(asked) == ["charges", "refunds"]
    steps.refine(store, SYSTEM, [DAY], progress=lambda _done, _total: None)
    assert len(asked) == 2 + len(entities(SYSTEM))


def test_a_name_that_is_not_declared_is_refused() -> None:
    with pytest.raises(SettingsError, match="no entity 'nothing'"):
        steps.chosen(SYSTEM, ["nothing"])
