"""`tandem gc`: remove what no manifest names any more."""

from __future__ import annotations

import click


@click.command("gc")
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=7.0,
    show_default=True,
    help="Days that an old commit is kept.",
)
def command(days: float) -> None:
    """Remove old commits, orphans of killed runs and temporary files from the lake."""
    from tandem.lake.gc import collect
    from tandem.runs import holding_lake
    from tandem.settings import settings
    from tandem.standins import reaching_cloud
    from tandem.steps import open_lake
    from tandem.targets import open_target

    with reaching_cloud(), holding_lake("tandem gc"):
        report = collect(
            open_lake(settings()), keep=open_target(settings()).published(), older_than_seconds=days * 86400
        )
    click.echo(f"Removed {report.files} files, {report.bytes} bytes.")
