"""The summary in the terminal, and the sums under it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tandem.report import Model, Paths, RunSummary, Span, Task, Tests, render_terminal
from tandem.report.words import duration, money, share, short_money


def summary(**changes: object) -> RunSummary:
    facts: dict = {
        "systems": ["openaq"],
        "environment": "dev",
        "target": "duckdb",
        "partitions": Span(date(2025, 11, 20), date(2025, 11, 21), 2),
        "started_at": datetime(2025, 11, 30, 9, 12, tzinfo=UTC),
        "seconds": 83.2,
        "tasks": [Task("extract", "success", 1.0), Task("refine", "success", 2.0), Task("refine", "failed", 3.0)],
        "counts": {"measurements": {"in": 1000, "out": 900, "superseded": 40, "outside": 20, "quarantined": 40}},
        "reasons": {"measurements": {"value_missing": 10, "value_out_of_bounds": 30}},
        "models": [Model("fct_measurements", "success", 1.5)],
        "tests": Tests(30, 1, 0),
        "paths": Paths(Path("state/warehouse.duckdb"), Path("state/report.html"), Path("state/logs/run.log")),
    }
    return RunSummary(**{**facts, **changes})


def printed(run: RunSummary, width: int = 100) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(render_terminal(run))
    return console.export_text()


def test_terminal_shows_tasks_rows_models_tests_seconds_and_where_to_look() -> None:
    text = printed(summary())
    figures = ("1 success, 1 failed", "1,000", "1 success in 1.5 s", "30 passed, 1 warned, 0 failed", "1 min 23 s")
    places = ("state/warehouse.duckdb", "state/report.html", "state/logs/run.log")
    for words in (*figures, *places):
        assert words in text


def test_terminal_names_the_commonest_reason_first() -> None:
    text = printed(summary())
    assert text.index("out of bounds") < text.index("value missing")


def test_terminal_says_when_rows_are_not_accounted_for() -> None:
    text = printed(summary(counts={"measurements": {"in": 10, "out": 9}}))
    assert "not accounted for" in text
    assert "not accounted for" not in printed(summary())


def test_terminal_shows_notices_and_does_not_let_them_push_the_rest_away() -> None:
    text = printed(summary(notices=[f"notice number {n}" for n in range(1, 301)]))
    assert "notice number 12" in text
    assert "notice number 13" not in text
    assert "288 more, in the report and the log" in text
    assert "more, in the report" not in printed(summary(notices=["one"]))


def test_terminal_prints_brackets_in_names_as_they_are() -> None:
    assert "[bold]x[/]" in printed(summary(tasks=[Task("[bold]x[/]", "success", 1)]))


def test_terminal_of_a_run_without_work_says_so() -> None:
    text = printed(summary(tasks=[], counts={}, reasons={}, models=[], tests=Tests(), paths=Paths()))
    assert "nothing to build" in text


def test_terminal_of_eighty_columns_keeps_every_figure_whole() -> None:
    assert "1,000" in printed(summary(), width=80)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (3599.6, "1 h 00 min"), (7800, "2 h 10 min")],
)
def test_duration_is_put_into_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "0 %"),
        (1, 100_000, "under 0.1 %"),
        (99_999, 100_000, "over 99.9 %"),
        (1, 4, "25 %"),
        (-1, 3, "\N{MINUS SIGN}33.3 %"),
    ],
)
def test_share_is_never_rounded_to_nothing_or_everything(part: int, whole: int, words: str) -> None:
    assert share(part, whole).replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize(
    ("usd", "words", "short"),
    [
        (0, "$0.00", "$0.00"),
        (999.994, "$999.99", "$999.99"),
        (999.996, "$1,000", "$1,000"),
        (-50.5, "\N{MINUS SIGN}$50.50", "\N{MINUS SIGN}$50.50"),
        (-0.001, "$0.00", "$0.00"),
        (-2_040_720.4, "\N{MINUS SIGN}$2,040,720", "\N{MINUS SIGN}$2.04 M"),
    ],
)
def test_money_is_written_with_cents_only_where_they_matter(usd: float, words: str, short: str) -> None:
    assert money(usd) == words
    assert short_money(usd).replace("\N{NO-BREAK SPACE}", " ") == short
