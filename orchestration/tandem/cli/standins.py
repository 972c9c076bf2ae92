"""`tandem standins up|down|status`: keep the local sources running between commands."""

from __future__ import annotations

import click


@click.group("standins")
def command() -> None:
    """Local sources that speak the real protocols. A run uses one that is up, else starts its own."""


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: a free one.")
def up(port: int) -> None:
    """Start the stand-ins and leave them running."""
    from tandem.settings import settings
    from tandem.standins import supervisor

    running = supervisor.up(settings().state, port=port)
    click.echo(f"openaq: up at {running.base_url} (process {running.pid})")
    click.echo(f"export OPENAQ_BASE_URL={running.base_url} OPENAQ_API_KEY={running.api_key.get_secret_value()}")


@command.command()
def down() -> None:
    """Stop the stand-ins that `up` started."""
    from tandem.settings import settings
    from tandem.standins import supervisor

    click.echo("openaq: stopped" if supervisor.down(settings().state) else "openaq: was not running")


@command.command()
def status() -> None:
    """Say which stand-ins run; exit status 1 when none does."""
    from tandem.settings import settings
    from tandem.standins import supervisor

    running = supervisor.status(settings().state)
    click.echo(f"openaq: up at {running.base_url} (process {running.pid})" if running else "openaq: down")
    raise SystemExit(0 if running else 1)
