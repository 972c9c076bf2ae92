"""A first run, and a second one with nothing new."""

from __future__ import annotations

from homes import CalmRun, Home

import kill_runs


def test_marts_hold_what_the_manifests_count(calm_home: Home, calm_run: CalmRun) -> None:
    manifests = calm_home.manifests("measurements")
    assert list(manifests) == [f"2025-11-{day:02}" for day in range(1, 6)]
    assert calm_home.rows_per_day() == {day: manifest["rows"] for day, manifest in manifests.items()}
    counts = [manifest["counts"] for manifest in manifests.values()]
    assert all(c["in"] == c["out"] + c["superseded"] + c["outside"] + c["quarantined"] for c in counts)
    assert "outcome    success" in calm_run.said
    assert f"{sum(c['out'] for c in counts):,}" in calm_run.said


def test_every_mart_has_rows_and_a_page_shows_them(calm_home: Home) -> None:
    assert all(kill_runs.marts(calm_home.path, "openaq").values())
    page = (calm_home.state / "reports" / "openaq.html").read_text()
    assert "Chiang Mai, City Hall" in page


def test_a_second_run_adds_no_row_and_does_not_start_dbt(home: Home) -> None:
    served = home.state / "warehouse.duckdb"
    before, lake = served.read_bytes(), _lake(home)
    logs = set(home.state.glob("logs/dbt.log"))
    home.run("2025-11-01", "2025-11-05")
    assert [event.facts["owed"] for event in home.events() if "owed" in event.facts] == [0, 0, 0]
    assert set(home.state.glob("logs/dbt.log")) == logs == set()
    assert served.read_bytes() == before
    assert _lake(home) == lake


def _lake(home: Home) -> dict[str, bytes]:
    return {path: data for path, data in home.files().items() if "/lake/" in path and "_lease" not in path}
