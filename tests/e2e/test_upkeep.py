"""What was set aside, and what is removed from the lake."""

from __future__ import annotations

from datetime import date

import pytest
from homes import FIRST, Home

from tandem import steps, warehouse
from tandem.refine import openaq_bounds
from tandem.settings import settings

DAYS = [date(2025, 11, day) for day in range(1, 6)]


@pytest.fixture
def narrower_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule of some earlier day: pm25 above 100 was set aside."""
    monkeypatch.setitem(openaq_bounds.BOUNDS, ("pm25", openaq_bounds.MICROGRAMS), openaq_bounds.Bounds(0, 100))


def refine_again() -> None:
    steps.refine(steps.open_lake(settings()), "openaq", DAYS, progress=lambda done, total: None, force=True)


def test_what_was_set_aside_can_be_listed_shown_and_tried_again(home: Home, narrower_bounds: None) -> None:
    before, rejects = home.rows_per_day(), set_aside(home)
    refine_again()
    warehouse.bring_up_to_date(settings(), "openaq", DAYS)
    assert sum(home.rows_per_day().values()) < sum(before.values())
    listed = home.tandem("quarantine", "list", "openaq").said
    assert f"{set_aside(home)} rows set aside in 5 partitions." in listed
    shown = home.tandem("quarantine", "show", f"openaq/measurements/{FIRST}").said
    assert "value_out_of_bounds" in shown
    assert "from sensor-" in shown

    answer = home.tandem("quarantine", "replay", "openaq")
    assert answer.code == 0, answer.said
    assert f"{rejects} rows are still set aside." in answer.said
    assert home.rows_per_day() == before


def set_aside(home: Home) -> int:
    return sum(manifest["counts"]["quarantined"] for manifest in home.manifests("measurements").values())


def commits(home: Home) -> set[str]:
    """The current commits of the measurements."""
    return {manifest["commit"] for manifest in home.manifests("measurements").values()}


def test_gc_keeps_what_readers_still_read(home: Home, narrower_bounds: None) -> None:
    read = "select count(*) as n from openaq_processed.measurements"
    before, published = home.query(read), commits(home)
    refine_again()
    unpublished = commits(home) - published
    assert unpublished
    capture = next((home.state / "lake" / "raw" / "openaq" / "measurements").rglob("sensor-*.json"))
    orphan = capture.with_name("sensor-0-page-0001.0000000000000000.json")
    orphan.write_text("{}")
    present = set(home.files())

    answer = home.tandem("gc", "--older-than", "0")
    assert answer.code == 0, answer.said
    removed = present - set(home.files())
    assert f"Removed {len(removed)} files" in answer.said
    assert str(orphan.relative_to(home.path)) in removed
    assert not [path for path in removed if "/processed/" in path], "a commit that readers name, or the current one"
    assert home.query(read) == before
