"""The summary of a run, put together from its journal and the manifests; shown in the terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from tandem.journal import Event, Journal
from tandem.report.blocks import Section
from tandem.report.summary import SUCCESS, Model, Paths, RunSummary, Span, Task, Tests
from tandem.schemas import SYSTEMS
from tandem.settings import Settings
from tandem.steps import counts_of, open_lake
from tandem.targets import open_target

WIDE = 160  # columns where there is no terminal to ask: paths stay on one line


def summarize(
    settings: Settings,
    system: str,
    journal: Journal,
    days: Sequence[date],
    *,
    outcome: str = SUCCESS,
    log: Path | None = None,
) -> RunSummary:
    """All that is known of a run so far."""
    events = journal.read()
    counted = counts_of(open_lake(settings), system, days)
    started = min((event.at for event in events), default=datetime.now(UTC).timestamp())
    ended = max((event.at for event in events), default=started)
    return RunSummary(
        systems=[system],
        environment=settings.tandem_env,
        target=settings.target,
        partitions=Span(days[0], days[-1], len(days)) if days else Span(),
        started_at=datetime.fromtimestamp(started, UTC),
        seconds=ended - started,
        outcome=outcome,
        tasks=[Task(e.task, e.state, e.seconds) for e in _last_attempts(events)],
        counts={entity: sums["counts"] for entity, sums in counted.items()},
        reasons={entity: sums["reasons"] for entity, sums in counted.items() if sums["reasons"]},
        models=[Model(*model) for model in _facts(events, "models")],
        tests=Tests(*(sum(column) for column in zip((0, 0, 0), *_facts_once(events, "tests"), strict=True))),
        notices=_notices(events),
        paths=Paths(_existing(_path(events, "database")), _existing(_path(events, "report")), log),
    )


def report_path(settings: Settings, system: str) -> Path:
    """Where the page of a system's last run is."""
    return settings.state / "reports" / f"{system}.html"


def write_page(settings: Settings, system: str, summary: RunSummary) -> Path:
    """Write the report page of a run and let the systems' pages link each other; returns where it is."""
    from tandem.report import link_pages, write_report

    path = report_path(settings, system)
    shown = replace(summary, paths=summary.paths._replace(report=path))
    write_report(path, shown, [_section(settings, system)])
    link_pages(report_path(settings, name) for name in SYSTEMS)
    return path


def _section(settings: Settings, system: str) -> Section:
    """What the marts of a system say."""
    marts, target = import_module(f"tandem.report.{system}"), open_target(settings)
    plain = f"{system}_marts."

    def query(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        # A page names the marts without the namespace that only some targets know.
        return target.query(sql.replace(plain, target.schema_name(plain)))

    section: Section = marts.section(query)
    return section


def print_summary(summary: RunSummary) -> None:
    """Print what a user wants to know at the end of a run."""
    from rich.console import Console

    from tandem.report import render_terminal

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    console.print(render_terminal(summary))


def failure_of(journal: Journal) -> str:
    """A few words on what failed, for a run that did not succeed."""
    failed = [event for event in journal.read() if event.state == "failed"]
    if not failed:
        return "failed before or between tasks; see the log"
    return f"failed in {failed[-1].task}: {failed[-1].message}"


def _last_attempts(events: Iterable[Event]) -> list[Event]:
    """The last ending of each task instance, in the order in which they first ended."""
    ended = {(e.task, e.map_index): e for e in events if e.state in (SUCCESS, "failed")}
    return list(ended.values())


def _facts(events: Iterable[Event], name: str) -> list[Sequence[Any]]:
    return [item for event in _last_attempts(events) for item in event.facts.get(name, [])]


def _facts_once(events: Iterable[Event], name: str) -> list[Sequence[int]]:
    return [event.facts[name] for event in _last_attempts(events) if name in event.facts]


def _notices(events: Iterable[Event]) -> list[str]:
    """Each once, in the order in which they came; an attempt that failed may have said something too."""
    return list(dict.fromkeys(text for event in events for text in event.facts.get("notices", [])))


def _path(events: Iterable[Event], name: str) -> Path | None:
    named = [event.facts[name] for event in events if event.facts.get(name)]
    return Path(named[-1]) if named else None


def _existing(path: Path | None) -> Path | None:
    return path if path is not None and path.exists() else None
