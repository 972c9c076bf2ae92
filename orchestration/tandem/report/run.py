"""The section that tells of the run itself."""

from __future__ import annotations

from tandem.report.blocks import Block, Cell, Column, Note, Notices, Section, Table, Tile, Tiles
from tandem.report.summary import COUNTS, RunSummary, Tests
from tandem.report.words import duration, reason_words, share

_TONES = {"success": "good", "pass": "good", "skipped": "mute", "warn": "fair"}


def run_section(run: RunSummary) -> Section:
    """What the run did: notices, rows in, out and set aside with reasons, tasks, models, tests, where to look."""
    blocks: list[Block] = [_tiles(run)]
    if run.unbalanced:
        blocks.append(Note(f"Some rows are not accounted for in: {', '.join(run.unbalanced)}."))
    if run.notices:
        blocks.append(Notices("Notices", run.notices))
    blocks += [_rows(run), _reasons(run), _tasks(run), _models(run), _paths(run)]
    intro = "Every row that came in is either written, replaced by a later version, part of another day, or set aside."
    return Section("run", "The run", intro, blocks)


def _tiles(run: RunSummary) -> Tiles:
    totals, tests = run.totals, run.tests
    aside = totals["quarantined"]
    dropped = f"{totals['superseded']:,} superseded, {totals['outside']:,} of other days"
    return Tiles(
        [
            Tile("Outcome", run.outcome, duration(run.seconds), "good" if run.succeeded else "bad"),
            Tile("Rows in", f"{totals['in']:,}"),
            Tile("Rows out", f"{totals['out']:,}", dropped),
            Tile("Rows set aside", f"{aside:,}", share(aside, totals["in"]) + " of rows in", "fair" if aside else ""),
            Tile("Models built", f"{len(run.models):,}", _model_states(run)),
            Tile("Tests", f"{tests.passed:,} passed", f"{tests.warned} warned, {tests.failed} failed", _tone(tests)),
        ]
    )


def _tone(tests: Tests) -> str:
    if tests.failed:
        return "bad"
    return "fair" if tests.warned else "good" if tests.passed else ""


def _model_states(run: RunSummary) -> str:
    return ", ".join(f"{n} {status}" for status, n in run.model_states.items()) or "nothing was owed"


def _rows(run: RunSummary) -> Table:
    labels = ("In", "Out", "Superseded", "Of other days", "Set aside")
    return Table(
        "Rows per entity",
        [Column("Entity"), *(Column(label, figures=True) for label in labels)],
        [[entity, *(f"{counts.get(name, 0):,}" for name in COUNTS)] for entity, counts in run.counts.items()],
        empty="No rows were refined.",
    )


def _reasons(run: RunSummary) -> Table:
    rows = [
        (entity, reason, n, run.counts.get(entity, {}).get("in", 0))
        for entity, reasons in run.reasons.items()
        for reason, n in reasons.items()
    ]
    rows.sort(key=lambda row: (-row[2], row[0], row[1]))
    return Table(
        "Why rows were set aside",
        [Column("Entity"), Column("Reason"), Column("Rows", True), Column("Share of rows in", True)],
        [[entity, reason_words(reason), f"{n:,}", share(n, whole)] for entity, reason, n, whole in rows],
        empty="No row was set aside.",
    )


def _tasks(run: RunSummary) -> Table:
    return Table(
        "Tasks",
        [Column("Task"), Column("State"), Column("Instances", True), Column("Time", True)],
        [
            [g.name, Cell(g.state, "good" if g.good else "bad"), str(sum(g.states.values())), duration(g.seconds)]
            for g in run.task_groups
        ],
        note="Time is the sum over all instances of a task; instances run in parallel.",
    )


def _models(run: RunSummary) -> Table:
    return Table(
        "Models",
        [Column("Model"), Column("Status"), Column("Time", True)],
        [[name, Cell(status, _TONES.get(status, "bad")), duration(seconds)] for name, status, seconds in run.models],
        empty="Nothing was owed, so dbt was not started.",
    )


def _paths(run: RunSummary) -> Table:
    labels = {"database": "Database", "report": "This page", "log": "Log"}
    rows = [[labels[name], str(path)] for name, path in run.paths._asdict().items() if path]
    return Table("Where to look", [Column("What"), Column("Where")], rows)
