"""`tandem prod-run`: what `make prod-run` calls."""

from __future__ import annotations

import sys

import click


@click.command("prod-run")
@click.argument("pipelines", nargs=-1)
@click.option("--date", "day", metavar="DAY", help="One day, YYYY-MM-DD.")
@click.option("--from", "first", metavar="DAY", help="First day, inclusive.")
@click.option("--to", "last", metavar="DAY", help="Last day, inclusive.")
def command(pipelines: tuple[str, ...], day: str | None, first: str | None, last: str | None) -> None:
    """Run PIPELINES (default: all) in production from this machine; without a day, the last complete one.

    Everything that the run needs is checked before anything is started; see `tandem doctor`.
    """
    from tandem.cli.doctor import examine
    from tandem.cli.run import check_days, run_and_say
    from tandem.errors import SettingsError
    from tandem.schemas import SYSTEMS
    from tandem.settings import Environment, settings

    check_days(day, first, last)
    chosen = settings()
    if chosen.tandem_env is not Environment.PROD:
        raise SettingsError(f"TANDEM_ENV is {chosen.tandem_env}, not prod. Run: make prod-run TARGET=athena")
    systems = pipelines or SYSTEMS
    if not examine(chosen, systems):
        click.echo("tandem: nothing was started. Mend what is listed above and run again.", err=True)
        sys.exit(2)
    succeeded = [run_and_say(system, day or first, day or last) for system in systems]
    sys.exit(0 if all(succeeded) else 1)
