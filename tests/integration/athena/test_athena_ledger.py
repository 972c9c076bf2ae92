"""Work owed on Athena follows from what Glue shows and what the lake's ledger says, as it does on DuckDB."""

import json
from datetime import date

import pytest

from tandem.errors import Conflict, WarehouseError
from tandem.targets.athena import AthenaTarget, ledger

SEPTEMBER, OCTOBER = date(2025, 9, 30), date(2025, 10, 1)


@pytest.fixture
def day(target, store, declare, commit):
    """Commits a day and publishes it."""

    def make(when, values):
        manifest = commit(declare(), when, values)
        target.publish(store, [declare(), declare("sensors")])
        return manifest

    return make


def test_at_first_everything_is_owed_and_after_success_nothing(target, day):
    day(OCTOBER, [1])
    owed = target.owed("openaq")
    assert (owed.full, owed.days) == (True, {"readings": [OCTOBER], "sensors": []})
    target.record_built(owed)
    assert not target.owed("openaq")


def test_only_changed_partitions_are_owed(target, day):
    for when in (SEPTEMBER, OCTOBER):
        day(when, [1])
    target.record_built(target.owed("openaq"))
    revised = day(SEPTEMBER, [1, 2])
    assert target.owed("openaq").partitions == {"readings": {SEPTEMBER: revised.commit}, "sensors": {}}


def test_a_partition_that_left_the_lake_is_owed_until_it_is_cleared(target, store, declare, day):
    manifest = day(OCTOBER, [1])
    target.record_built(target.owed("openaq"))
    store.delete([f"{manifest.folder}/_current.json"])
    target.publish(store, [declare(), declare("sensors")])
    owed = target.owed("openaq")
    assert owed.partitions == {"readings": {OCTOBER: None}, "sensors": {}}
    target.record_built(owed)
    assert not target.owed("openaq")


def test_a_model_that_was_not_built_keeps_its_partitions_owed(target, day):
    day(SEPTEMBER, [1])
    target.record_built(target.owed("openaq"))
    day(OCTOBER, [1])
    target.record_built(target.owed("openaq"), ["dim"])
    assert target.owed("openaq").days["readings"] == [OCTOBER]


def test_a_changed_model_makes_everything_owed(target, day, project):
    day(OCTOBER, [1])
    target.record_built(target.owed("openaq"))
    (project / "models" / "marts" / "openaq" / "fct.sql").write_text("select 2")
    assert target.owed("openaq").full


def test_another_process_sees_the_same_ledger(target, day, settings, project):
    day(OCTOBER, [1])
    target.record_built(target.owed("openaq"))
    assert not AthenaTarget(settings, project).owed("openaq")


def test_two_writers_keep_what_the_other_noted(target, store, day, monkeypatch):
    day(OCTOBER, [1])
    owed = target.owed("openaq")
    swap, first = store.__class__.swap, [True]

    def interleaved(self, path, data, etag):
        if first.pop() if first else False:
            target.record_built(owed, ["dim"])
        return swap(self, path, data, etag)

    monkeypatch.setattr(store.__class__, "swap", interleaved)
    target.record_built(owed, ["fct"])
    assert not target.owed("openaq")


def test_endless_conflicts_end(target, store, day, monkeypatch):
    def lost(*_):
        raise Conflict("somebody else was first")

    day(OCTOBER, [1])
    monkeypatch.setattr(store.__class__, "swap", lost)
    with pytest.raises(Conflict, match="at the same time"):
        target.record_built(target.owed("openaq"))


def test_models_built_together_are_written_once(target, store, day):
    day(OCTOBER, [1])
    target.record_built(target.owed("openaq"))
    [group] = json.loads(store.get(ledger.path_of("openaq")))["built-1"]
    assert group["models"] == ["dim", "fct"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"built-0": []}', b'{"built-1": [{}]}'])
def test_an_unreadable_ledger_says_what_to_do(target, store, day, content):
    store.put(ledger.path_of("openaq"), content)
    with pytest.raises(WarehouseError, match=r"_ledger/athena/openaq.json is not a ledger.*Remove it"):
        target.owed("openaq")
