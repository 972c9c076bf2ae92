"""Refining one partition of a lake: what is written, what is skipped, what a failure leaves behind."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import tandem.refine
from tandem.errors import LakeError, RefineError
from tandem.lake.manifest import Manifest, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import read_commit
from tandem.lake.quarantine import read_rejects
from tandem.lake.raw import Capture
from tandem.lake.store import Store, open_store
from tandem.refine import refine_partition
from tandem.refine.refined import balanced
from tandem.schemas.openaq import LOCATIONS, MEASUREMENTS, SENSORS

DAY = date(2025, 11, 20)
RAW = Partition("openaq", "measurements", DAY)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "lake").as_uri())


def measurement(value: float) -> dict[str, Any]:
    moments = [{"utc": f"2025-11-20T{hour:02}:00:00Z", "local": f"2025-11-20T{hour:02}:00:00+00:00"} for hour in (8, 9)]
    period = {"label": "raw", "datetimeFrom": moments[0], "datetimeTo": moments[1]}
    return {"value": value, "parameter": {"name": "pm25", "units": "µg/m³"}, "period": period}


def capture(store: Store, *values: float) -> Manifest:
    attempt = Capture(store, RAW)
    for sensor, value in enumerate(values):
        payload = json.dumps({"results": [measurement(value)]}).encode()
        attempt.add(f"sensor-{sensor}-page-0001", payload, {"sensor_id": sensor, "page": 1})
    return attempt.commit()


def refine(store: Store, *, force: bool = False) -> Manifest:
    manifest = refine_partition(store, MEASUREMENTS, DAY, force=force)
    assert manifest is not None
    return manifest


def test_a_day_that_was_not_captured_is_not_refined(store: Store) -> None:
    assert refine_partition(store, MEASUREMENTS, DAY) is None
    assert read_manifest(store, Zone.PROCESSED, RAW) is None


def test_good_rows_are_committed_and_bad_ones_quarantined(store: Store) -> None:
    raw = capture(store, 12.5, -999.0)
    manifest = refine(store)

    assert manifest.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}
    assert manifest.reasons == {"value_out_of_bounds": 1}
    assert manifest.inputs["raw"] == raw.commit
    assert read_commit(store, manifest)["value"].to_list() == [12.5]
    assert read_rejects(store, RAW)["reason"].to_list() == ["value_out_of_bounds"]


def test_an_empty_day_is_a_commit_without_rows(store: Store) -> None:
    capture(store)
    assert read_commit(store, refine(store)).height == 0


def test_a_row_corrected_at_the_source_leaves_quarantine(store: Store) -> None:
    capture(store, -999.0)
    refine(store)
    capture(store, 12.5)
    refine(store)

    assert read_rejects(store, RAW).height == 0


def test_both_entities_of_the_register_come_from_one_capture(store: Store) -> None:
    station = {"id": 18, "sensors": [{"id": 37, "parameter": {"name": "pm25", "units": "µg/m³"}}]}
    attempt = Capture(store, Partition("openaq", "locations", DAY))
    attempt.add("locations-page-0001", json.dumps({"results": [station]}).encode(), {"page": 1})
    attempt.commit()

    for entity in (LOCATIONS, SENSORS):
        manifest = refine_partition(store, entity, DAY)
        assert manifest is not None
        assert (manifest.partition.entity, manifest.rows) == (entity.name, 1)


@pytest.fixture
def refined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the entities that were really refined, not skipped."""
    names: list[str] = []
    original = tandem.refine._refiner
    monkeypatch.setattr(tandem.refine, "_refiner", lambda entity: names.append(entity.name) or original(entity))
    return names


def test_a_current_partition_is_left_alone(store: Store, refined: list[str]) -> None:
    capture(store, 12.5)

    assert refine(store) == refine(store)
    assert refined == ["measurements"]


def test_force_refines_again_and_gives_the_same_commit(store: Store, refined: list[str]) -> None:
    capture(store, 12.5)

    assert refine(store).commit == refine(store, force=True).commit
    assert len(refined) == 2


def test_a_new_capture_is_refined(store: Store, refined: list[str]) -> None:
    capture(store, 12.5)
    first = refine(store)
    capture(store, 13.5)

    assert refine(store).commit != first.commit
    assert len(refined) == 2


def test_changed_code_refines_again(store: Store, refined: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    capture(store, 12.5)
    refine(store)
    monkeypatch.setattr(tandem.refine, "code_fingerprint", lambda system: "changed")
    refine(store)

    assert len(refined) == 2


def test_a_commit_whose_file_vanished_is_made_again(store: Store, refined: list[str]) -> None:
    capture(store, 12.5)
    store.delete(refine(store).paths)

    assert read_commit(store, refine(store)).height == 1
    assert len(refined) == 2


def test_a_run_killed_after_quarantine_is_made_up_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    capture(store, 12.5, -999.0)
    with monkeypatch.context() as patch:
        patch.setattr(tandem.refine, "write_commit", killed)
        with pytest.raises(KeyboardInterrupt):
            refine(store)
    assert read_manifest(store, Zone.PROCESSED, RAW) is None

    assert refine(store).rows == 1


@pytest.mark.parametrize(
    ("damage", "message"), [(None, "is missing"), (b"{}", "has 2 bytes instead of")], ids=["gone", "cut off"]
)
def test_a_damaged_capture_is_an_error_that_says_what_to_do(store: Store, damage: bytes | None, message: str) -> None:
    path = capture(store, 12.5).paths[0]
    store.delete([path]) if damage is None else store.put(path, damage)

    with pytest.raises(LakeError, match=f"{message}.*Extract openaq/measurements/2025-11-20 again"):
        refine(store)
    assert read_manifest(store, Zone.PROCESSED, RAW) is None


def test_rows_that_do_not_balance_are_an_error() -> None:
    with pytest.raises(RefineError, match="lost or doubled"):
        balanced([], [], seen=1, superseded=0)


def test_a_systems_code_is_its_own_and_what_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tandem.refine, "__file__", str(tmp_path / "__init__.py"))

    def prints() -> list[str]:
        tandem.refine.code_fingerprint.cache_clear()
        return [tandem.refine.code_fingerprint(system) for system in ("ecommerce", "openaq")]

    (tmp_path / "openaq_bounds.py").write_text("1")
    before = prints()
    (tmp_path / "openaq_bounds.py").write_text("2")
    own = prints()
    (tmp_path / "latest.py").write_text("shared")
    shared = prints()
    tandem.refine.code_fingerprint.cache_clear()
    assert (own[0] == before[0], own[1] == before[1]) == (True, False)
    assert (shared[0] == own[0], shared[1] == own[1]) == (False, False)
