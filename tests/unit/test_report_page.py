"""The page: what it says of the marts and of the run, and that it stands alone."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from tandem.errors import TandemError
from tandem.report import Model, RunSummary, Section, Span, Task, Tests, link_pages, write_report
from tandem.report.blocks import Note
from tandem.report.openaq import section

NASTY = 'Đà Nẵng <script>alert(1)</script> & "co" {{ 7*7 }}'
MARTS = f"""
    create schema openaq_marts;
    create table openaq_marts.dim_locations as select * from (values
        (1, '{NASTY}', 'Đà Nẵng', 'VN', 'Vietnam', true, 16.07e0, 108.21e0),
        (2, 'Madrid', null, 'ES', null, false, 40.42e0, -3.71e0),
        (3, null, null, null, null, null, null, null))
        as t(location_id, location_name, locality, country_code, country_name, is_monitor, latitude, longitude);
    create table openaq_marts.dim_sensors as select * from (values (10, 1, 'pm25'), (20, 2, 'o3'), (30, 3, 'pm25'))
        as t(sensor_id, location_id, parameter);
    create table openaq_marts.obt_daily_air_quality as select * from (values
        (1, 'pm25', 'µg/m³', date '2025-11-20', 40.0e0, null, 1.0e0, 'daily_mean', 15.0e0, true),
        (1, 'pm25', 'µg/m³', date '2025-11-21', 99.5e0, null, 0.25e0, 'daily_mean', 15.0e0, false),
        (2, 'o3', 'µg/m³', date '2025-11-20', 60.0e0, 88.0e0, 1.0e0, 'daily_max_8h_mean', 100.0e0, false),
        (2, 'wind', 'm/s', date '2025-11-20', 3.25e0, null, 1.0e0, null, null, false))
        as t(location_id, parameter, unit, local_date, average_value, max_8h_mean, completeness, averaging,
            guideline_value, is_exceeded);
    create table openaq_marts.fct_guideline_exceedances as select * from (values
        (1, 'pm25', 'µg/m³', date '2025-11-20', 40.0e0, 15.0e0, 2.6667e0))
        as t(location_id, parameter, unit, local_date, observed_value, guideline_value, times_guideline);
    create table openaq_marts.fct_measurements as select * from (values
        (10, 1, 'pm25', 86400, date '2025-11-20'), (10, 1, 'pm25', 86400, date '2025-11-20'),
        (10, 1, 'pm25', 21600, date '2025-11-22'), (20, 2, 'o3', 86400, date '2025-11-20'),
        (40, null, 'pm25', 3600, date '2025-11-20'))
        as t(sensor_id, location_id, parameter, period_seconds, partition_date);
"""
TABLES = ("dim_locations", "dim_sensors", "obt_daily_air_quality", "fct_guideline_exceedances", "fct_measurements")
Query = Callable[[str], tuple[list[str], list[tuple]]]


@pytest.fixture
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MARTS)
    return connection


def query_of(connection: duckdb.DuckDBPyConnection) -> Query:
    def query(sql: str) -> tuple[list[str], list[tuple]]:
        found = connection.execute(sql)
        return [column[0] for column in found.description], found.fetchall()

    return query


def run(**changes: object) -> RunSummary:
    facts: dict = {
        "systems": ["openaq"],
        "environment": "dev",
        "target": "duckdb",
        "partitions": Span(date(2025, 11, 20), date(2025, 11, 20), 1),
        "started_at": datetime(2025, 11, 30, 9, 12, tzinfo=UTC),
        "seconds": 5.0,
        "tasks": [Task("refine", "success", 1.0)],
        "counts": {"measurements": {"in": 10, "out": 7, "superseded": 1, "outside": 0, "quarantined": 2}},
        "reasons": {"measurements": {"value_out_of_bounds": 2}},
        "models": [Model("fct_measurements", "success", 1.0)],
        "tests": Tests(3, 0, 0),
    }
    return RunSummary(**{**facts, **changes})


class Reader(HTMLParser):
    """The words of each table row, and every tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.in_row = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.in_row = True
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_row = self.in_row and tag != "tr"

    def handle_data(self, data: str) -> None:
        if self.in_row:
            self.rows[-1] = " ".join(f"{self.rows[-1]} {data}".split())


def page(path: Path, connection: duckdb.DuckDBPyConnection, **changes: object) -> str:
    write_report(path, run(**changes), [section(query_of(connection))])
    return path.read_text(encoding="utf-8")


def test_page_needs_no_script_and_no_network(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    html = page(tmp_path / "report.html", marts)
    tags = Reader(html).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert all(attrs["href"].startswith("#") for _, attrs in tags if attrs.get("href"))
    assert not re.search(r"url\(|@import|\son\w+=", html)
    assert "default-src 'none'" in html


def test_page_escapes_what_the_data_says(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    html = page(tmp_path / "report.html", marts, outcome="<b>failed</b>")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert "<b>failed" not in html


def test_page_shows_stations_by_their_latest_pm25_of_a_day_with_enough_hours(
    tmp_path: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    rows = Reader(page(tmp_path / "report.html", marts)).rows
    assert any(
        "Vietnam reference monitor PM2.5 40.0 µg/m³ 20 Nov 2025 up to 5 \N{MULTIPLICATION SIGN} guideline" in row
        for row in rows
    )
    assert any(row.startswith("Station 3 ") and "no PM2.5 value" in row for row in rows)


def test_page_shows_how_often_and_how_far_a_guideline_was_exceeded(
    tmp_path: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    rows = Reader(page(tmp_path / "report.html", marts)).rows
    assert any("PM2.5, fine particles 1 of 2 20 Nov 2025 40.0 µg/m³ 2.7" in row for row in rows)


def test_page_holds_the_highest_8_hour_mean_of_ozone_against_its_guideline(
    tmp_path: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    html = page(tmp_path / "report.html", marts)
    assert "Highest 8-hour mean of the day in µg/m³." in html
    assert "Madrid, 20 Nov: 88.0 µg/m³" in html
    assert "guideline 100 µg/m³" in html


def test_page_counts_completeness_over_loaded_days_and_each_hour_once(
    tmp_path: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    rows = Reader(page(tmp_path / "report.html", marts)).rows
    # 24 of 24 hours on the 20th (measured twice), 6 on the 22nd; nobody loaded the 21st.
    assert any(row.startswith("Đà Nẵng") and "62 %" in row for row in rows)
    assert any(row.startswith("Unknown station 2 %") for row in rows)


def test_page_draws_a_parameter_that_has_no_name_and_no_guideline(
    tmp_path: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    html = page(tmp_path / "report.html", marts)
    assert "<h4>wind</h4>" in html
    assert "Madrid, 20 Nov: 3.2 m/s" in html


def test_page_shows_counts_reasons_tasks_models_and_tests_of_the_run(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", run(), [])
    reader = Reader((tmp_path / "report.html").read_text(encoding="utf-8"))
    for row in ("measurements 10 7 1 0 2", "measurements value out of bounds 2 20 %", "refine success 1 1.0 s"):
        assert row in reader.rows


def test_page_shows_the_notices_of_the_run_escaped(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, run(notices=["customers: new column <b>", "Slack answered 503"]), [])
    assert "<li>customers: new column &lt;b&gt;</li><li>Slack answered 503</li>" in path.read_text(encoding="utf-8")
    write_report(path, run(), [])
    assert "Notices" not in path.read_text(encoding="utf-8")


def test_pages_link_the_others_that_are_there(tmp_path: Path) -> None:
    pages = [tmp_path / f"{name}.html" for name in ("ecommerce", "openaq", "telecoms")]
    write_report(pages[1], run(), [])
    link_pages(pages)
    assert hrefs(pages[1]) == ["#run"]
    assert " hidden>" in pages[1].read_text(encoding="utf-8")

    write_report(pages[0], run(), [])
    link_pages(pages)
    link_pages(pages)
    assert hrefs(pages[0]) == ["openaq.html", "#run"]
    assert hrefs(pages[1]) == ["ecommerce.html", "#run"]
    assert " hidden>" not in pages[1].read_text(encoding="utf-8")


def hrefs(path: Path) -> list[str | None]:
    tags = Reader(path.read_text(encoding="utf-8")).tags
    return [attrs["href"] for _, attrs in tags if "href" in attrs]


def test_a_page_without_a_place_for_links_is_left_as_it_is(tmp_path: Path) -> None:
    strange, ours = tmp_path / "strange.html", tmp_path / "ours.html"
    strange.write_text("<p>an old page</p>")
    write_report(ours, run(), [])
    link_pages([strange, ours])
    assert strange.read_text() == "<p>an old page</p>"
    assert hrefs(ours) == ["strange.html", "#run"]


def test_page_of_empty_marts_says_so(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        marts.execute(f"delete from openaq_marts.{table}")
    assert "hold no measurement yet" in page(tmp_path / "report.html", marts)


@pytest.mark.parametrize("table", ["dim_locations", "dim_sensors", "fct_guideline_exceedances", "fct_measurements"])
def test_page_stands_when_one_mart_is_empty(tmp_path: Path, marts: duckdb.DuckDBPyConnection, table: str) -> None:
    marts.execute(f"delete from openaq_marts.{table}")
    assert "Daily values" in page(tmp_path / "report.html", marts)


def test_page_is_the_same_for_the_same_run(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    assert page(tmp_path / "a.html", marts) == page(tmp_path / "b.html", marts)


def test_page_survives_names_with_control_characters(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("update openaq_marts.dim_locations set location_name = 'a' || chr(1) || 'b' where location_id = 1")
    assert "a b, 20 Nov: 40.0" in page(tmp_path / "report.html", marts)


def test_report_replaces_the_previous_page_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_report(path, run(), [])
    write_report(path, run(outcome="failed in refine"), [Section("x", "X", "", [Note("a & b")])])
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    assert "failed in refine" in path.read_text(encoding="utf-8")
    assert "a &amp; b" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_report_that_cannot_be_written_leaves_the_previous_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    write_report(path, run(), [])
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TandemError, match="No space left"):
        write_report(path, run(), [])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_importing_the_report_loads_no_drawing_and_no_terminal_library() -> None:
    code = "import sys, tandem.report; print(sorted({'pygal', 'rich', 'jinja2', 'duckdb'} & set(sys.modules)))"
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "orchestration")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
