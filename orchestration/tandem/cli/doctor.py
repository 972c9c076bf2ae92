"""`tandem doctor`: is everything there that a run needs?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tandem.settings import Settings


@click.command("doctor")
@click.argument("pipelines", nargs=-1)
def command(pipelines: tuple[str, ...]) -> None:
    """Check identity, lake, warehouse and the sources of PIPELINES (default: all); change nothing.

    Exit status: 0 when all is well, 2 when something must be done first.
    """
    from tandem.schemas import SYSTEMS
    from tandem.settings import settings

    sys.exit(0 if examine(settings(), pipelines or SYSTEMS) else 2)


def examine(chosen: Settings, systems: Sequence[str]) -> bool:
    """Make and print every check; says whether all are well."""
    from tandem.doctor import checks

    well = True
    for check in checks(chosen, systems):
        well &= check.ok
        click.echo(f"{'OK  ' if check.ok else 'FAIL'}  {check.name:<22} {check.detail}")
        if not check.ok:
            click.echo(f"{'':30}{check.remedy}")
    return well
