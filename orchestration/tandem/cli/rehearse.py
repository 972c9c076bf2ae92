"""`tandem rehearse`: what `make rehearse` calls."""

from __future__ import annotations

import sys

import click


@click.command("rehearse")
@click.argument("pipelines", nargs=-1)
@click.option("--date", "day", metavar="DAY", help="One day, YYYY-MM-DD.")
@click.option("--from", "first", metavar="DAY", help="First day, inclusive.")
@click.option("--to", "last", metavar="DAY", help="Last day, inclusive.")
def command(pipelines: tuple[str, ...], day: str | None, first: str | None, last: str | None) -> None:
    """Run PIPELINES (default: all) on the production path against a local cloud, then hold the marts against DuckDB's.

    Every pipeline runs twice: for all days but the last, and then for the last, so that every model is built in full
    and incrementally. Exit status: 0 equal, 1 a run failed or rows differ, 2 it could not be compared.
    """
    from tandem.cli.run import check_days
    from tandem.schemas import SYSTEMS
    from tandem.standins import standins_of

    check_days(day, first, last)
    check_environment()
    systems = pipelines or SYSTEMS
    with standins_of(systems):
        sys.exit(max(rehearse(system, day or first, day or last) for system in systems))


def check_environment() -> None:
    """Raise SettingsError unless this is a rehearsal."""
    from tandem.errors import SettingsError
    from tandem.settings import Environment, settings

    if settings().tandem_env is not Environment.REHEARSAL:
        raise SettingsError(
            f"TANDEM_ENV is {settings().tandem_env}; a rehearsal needs rehearsal. Run: make rehearse TARGET=athena"
        )


def rehearse(system: str, first: str | None, last: str | None) -> int:
    """Run one pipeline in two stages and compare; returns the exit status."""
    from tandem.cli.run import run_and_say
    from tandem.parity.run import compare_and_say
    from tandem.runner import window_of
    from tandem.settings import settings

    window = window_of(system, first, last)
    for stage in stages(window):
        if not run_and_say(system, *stage):
            return 1
    return compare_and_say(settings(), system)


def stages(window: dict[str, str]) -> list[tuple[str | None, str | None]]:
    """The days of each run: all but the last, then the last; one run when there is one day, or none is named."""
    from datetime import date, timedelta

    if not window:
        return [(None, None)]
    first, last = window["from"], window["to"]
    if first == last:
        return [(first, last)]
    before = date.fromisoformat(last) - timedelta(days=1)
    return [(first, before.isoformat()), (last, last)]
