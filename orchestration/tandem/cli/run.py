"""`tandem run`: what `make dev` calls."""

from __future__ import annotations

import sys
from dataclasses import replace

import click


@click.command("run")
@click.argument("pipelines", nargs=-1)
@click.option("--date", "day", metavar="DAY", help="One day, YYYY-MM-DD.")
@click.option("--from", "first", metavar="DAY", help="First day, inclusive.")
@click.option("--to", "last", metavar="DAY", help="Last day, inclusive.")
def command(pipelines: tuple[str, ...], day: str | None, first: str | None, last: str | None) -> None:
    """Run PIPELINES (default: all) through Airflow in this process, for one day or for a window.

    Without a day it takes the window that the sample data covers or, with a source of your own, the last complete day.
    """
    from tandem.schemas import SYSTEMS
    from tandem.standins import standins_of

    check_days(day, first, last)
    systems = pipelines or SYSTEMS
    with standins_of(systems):
        succeeded = [run_and_say(system, day or first, day or last) for system in systems]
    sys.exit(0 if all(succeeded) else 1)


def check_days(day: str | None, first: str | None, last: str | None) -> None:
    """Raise SettingsError for options that contradict each other."""
    from tandem.errors import SettingsError

    if day and (first or last):
        raise SettingsError("DATE cannot be combined with FROM and TO. Give one day, or both ends of a window.")
    if bool(first) != bool(last):
        raise SettingsError("FROM and TO belong together. Example: make dev FROM=2025-11-01 TO=2025-11-30")


def run_and_say(system: str, first: str | None, last: str | None) -> bool:
    """Run one pipeline and print its summary; says whether it succeeded."""
    from tandem.journal import journal_of
    from tandem.report.summary import SUCCESS
    from tandem.runner import run_pipeline
    from tandem.settings import settings
    from tandem.summary import failure_of, print_summary, summarize

    outcome = run_pipeline(system, first, last)
    journal = journal_of(outcome.dag_id, outcome.run_id)
    verdict = SUCCESS if outcome.succeeded else failure_of(journal)
    summary = summarize(settings(), system, journal, outcome.days, outcome=verdict, log=outcome.log)
    print_summary(replace(summary, seconds=outcome.seconds))
    return outcome.succeeded
