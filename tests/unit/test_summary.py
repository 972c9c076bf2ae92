"""The summary of a run, put together from its journal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tandem import summary
from tandem.journal import Event, Journal
from tandem.report import Section
from tandem.settings import Settings
from tandem.summary import report_path, summarize, write_page

DAYS = [date(2025, 11, 20)]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, "run")


def record(journal: Journal, task: str, **facts: object) -> None:
    with journal.task(task, -1) as found:
        found.update(facts)


def test_notices_come_once_each_in_order_and_from_failed_attempts_too(tandem_home: Path, journal: Journal) -> None:
    journal.append(Event("extract", -1, "failed", 1.0, message="gone", facts={"notices": ["no alert was sent"]}))
    record(journal, "extract", notices=["a new column", "no alert was sent"])
    record(journal, "publish", notices=["a new column"])
    assert summarize(Settings(), "openaq", journal, DAYS).notices == ["no alert was sent", "a new column"]


def test_a_run_that_wrote_no_page_does_not_name_that_of_the_run_before(tandem_home: Path, journal: Journal) -> None:
    page = report_path(Settings(), "openaq")
    page.parent.mkdir(parents=True)
    page.write_text("the run before")
    assert summarize(Settings(), "openaq", journal, DAYS).paths.report is None
    record(journal, "write_report", report=str(page))
    assert summarize(Settings(), "openaq", journal, DAYS).paths.report == page


def test_page_names_itself_and_is_linked_with_the_other_systems(
    tandem_home: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "_section", lambda *_: Section("marts", "Marts", "", []))
    for system in ("openaq", "ecommerce"):
        write_page(Settings(), system, summarize(Settings(), system, journal, DAYS))
    first, second = (report_path(Settings(), system) for system in ("openaq", "ecommerce"))
    assert str(first) in first.read_text()
    assert 'href="ecommerce.html"' in first.read_text()
    assert 'href="openaq.html"' in second.read_text()
