"""`tandem standins up|down|status|fetch`: keep the local sources and the local cloud running between commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tandem.standins.process import Kind


@click.group("standins")
def command() -> None:
    """Local sources and, in a rehearsal, a local cloud. A run uses those that are up, else starts its own."""


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the OpenAQ server. Default: a free one.")
def up(port: int) -> None:
    """Start the stand-ins and leave them running."""
    from tandem.settings import Environment, settings
    from tandem.standins import kept, openaq_server

    chosen = settings()
    source = kept.up(chosen.state, openaq_server.KIND, openaq_server.orders(port=port))
    click.echo(f"openaq: up at {source.base_url} (process {source.pid})")
    click.echo(f"export OPENAQ_BASE_URL={source.base_url} OPENAQ_API_KEY={source.facts['api_key']}")
    if chosen.tandem_env is Environment.REHEARSAL:
        from tandem.standins import cloud

        cloud.fetch_engine(chosen)
        running = kept.up(chosen.state, cloud.KIND, cloud.orders(chosen))
        click.echo(f"aws: up at {running.base_url} (process {running.pid})")
        variables = cloud.client_environment(running.base_url)
        click.echo("export " + " ".join(f"{name}={value}" for name, value in variables.items() if value is not None))


@command.command()
def down() -> None:
    """Stop the stand-ins that `up` started."""
    from tandem.settings import settings
    from tandem.standins import kept

    for kind in _kinds():
        click.echo(f"{kind.name}: stopped" if kept.down(settings().state, kind) else f"{kind.name}: was not running")


@command.command()
def status() -> None:
    """Say which stand-ins run; exit status 1 unless all do."""
    from tandem.settings import settings
    from tandem.standins import kept

    found = [(kind, kept.status(settings().state, kind)) for kind in _kinds()]
    for kind, running in found:
        click.echo(f"{kind.name}: " + (f"up at {running.base_url} (process {running.pid})" if running else "down"))
    raise SystemExit(0 if all(running for _, running in found) else 1)


@command.command()
def fetch() -> None:
    """Bring the files of the local Trino into the cache, once; goes on where an earlier fetch ended."""
    from tandem.settings import settings
    from tandem.standins import cloud

    cloud.fetch_engine(settings())
    click.echo(f"The local Trino is in {settings().tandem_cache}.")


def _kinds() -> list[Kind]:
    from tandem.settings import Environment, settings
    from tandem.standins import openaq_server

    kinds = [openaq_server.KIND]
    if settings().tandem_env is Environment.REHEARSAL:
        from tandem.standins import cloud

        kinds.append(cloud.KIND)
    return kinds
