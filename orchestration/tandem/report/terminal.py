"""The end of a run in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tandem.report.summary import RunSummary
from tandem.report.words import duration, reason_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

NOTICES = 12  # more of them would push the rest off the screen


def render_terminal(summary: RunSummary) -> RenderableType:
    """The summary of a run as something that `rich` prints: tasks, rows, models, tests, seconds, where to look."""
    from rich.console import Group
    from rich.text import Text

    parts = [_tasks(summary), _rows(summary), _facts(summary)]
    return Group(Text(), *(part for part in parts if part.row_count))


def _table(*columns: str, words: int = 1) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for position, name in enumerate(columns):
        # Words may be folded on a narrow terminal, figures may not.
        table.add_column(name, justify="left" if position < words else "right", no_wrap=position >= words)
    return table


def _tasks(summary: RunSummary) -> Table:
    from rich.text import Text

    table = _table("task", "state", "instances", "seconds", words=2)
    for group in summary.task_groups:
        state = Text(group.state, style="green" if group.good else "bold red")
        table.add_row(Text(group.name), state, str(sum(group.states.values())), f"{group.seconds:.1f}")
    return table


def _rows(summary: RunSummary) -> Table:
    from rich.text import Text

    table = _table("rows of", "in", "out", "superseded", "other days", "set aside")
    for entity, counts in summary.counts.items():
        figures = (counts.get(name, 0) for name in ("in", "out", "superseded", "outside", "quarantined"))
        table.add_row(Text(entity), *(f"{figure:,}" for figure in figures))
    return table


def _facts(summary: RunSummary) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text, style in _lines(summary):
        grid.add_row(label, Text(text, style=style))
    return grid


def _lines(summary: RunSummary) -> list[tuple[str, str, str]]:
    tests = summary.tests
    lines = [("set aside", reason, "yellow") for reason in _reasons(summary)]
    if summary.unbalanced:
        lines.append(("not accounted for", f"rows of {', '.join(summary.unbalanced)}", "bold red"))
    lines += [("notice", notice, "yellow") for notice in _notices(summary)]
    lines += [
        ("models", _states(summary), ""),
        (
            "tests",
            f"{tests.passed} passed, {tests.warned} warned, {tests.failed} failed",
            "bold red" if tests.failed else "",
        ),
    ]
    lines += [(name, str(path), "cyan") for name, path in summary.paths._asdict().items() if path]
    style = "bold green" if summary.succeeded else "bold red"
    return [*lines, ("outcome", _outcome(summary), style)]


def _reasons(summary: RunSummary) -> list[str]:
    return [
        f"{n:,} of {entity}: {reason_words(reason)}"
        for entity, reasons in summary.reasons.items()
        for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ]


def _notices(summary: RunSummary) -> list[str]:
    shown, more = list(summary.notices[:NOTICES]), len(summary.notices) - NOTICES
    return [*shown, f"{more:,} more, in the report and the log"] if more > 0 else shown


def _states(summary: RunSummary) -> str:
    if not summary.models:
        return "nothing to build"
    states = ", ".join(f"{n} {status}" for status, n in summary.model_states.items())
    return f"{states} in {duration(sum(model[2] for model in summary.models))}"


def _outcome(summary: RunSummary) -> str:
    where = f"{', '.join(summary.systems)} on {summary.environment} ({summary.target})"
    return f"{summary.outcome}: {where}, {summary.partitions}, {duration(summary.seconds)}"
