"""`tandem standins up|down|status|fetch`: keep the local sources and the local cloud running between commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tandem.standins.process import Kind


@click.group("standins")
def command() -> None:
    """Local sources and, in a rehearsal, a local cloud. A run uses those that are up, else starts its own."""


@command.command()
def up() -> None:
    """Start the stand-ins of all sources that are not set to your own, and leave them running."""
    from tandem.settings import Environment, settings
    from tandem.standins import kept
    from tandem.standins.systems import Served, all_sources

    chosen = settings()
    for source in all_sources():
        if getattr(chosen, source.address.lower()):
            click.echo(f"{source.name}: your own, by {source.address}")
            continue
        served = Served("", {})
        if source.kind:
            running = kept.up(chosen.state, source.kind, source.orders())
            served = Served(running.base_url, running.facts)
            click.echo(f"{source.name}: up at {running.base_url} (process {running.pid})")
        _export(source.variables(served))
    if chosen.tandem_env is Environment.REHEARSAL:
        from tandem.standins import cloud

        cloud.fetch_engine(chosen)
        running = kept.up(chosen.state, cloud.KIND, cloud.orders(chosen))
        click.echo(f"aws: up at {running.base_url} (process {running.pid})")
        _export(cloud.client_environment(running.base_url))


@command.command()
def down() -> None:
    """Stop the stand-ins that `up` started."""
    from tandem.settings import settings
    from tandem.standins import kept

    for kind in _kinds():
        click.echo(f"{kind.name}: stopped" if kept.down(settings().state, kind) else f"{kind.name}: was not running")


@command.command()
def status() -> None:
    """Say which stand-ins run; exit status 1 unless all do. Sources that are your own are left out."""
    from tandem.settings import settings
    from tandem.standins import kept

    found = [(kind, kept.status(settings().state, kind)) for kind in _kinds(but_own=True)]
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


def _kinds(*, but_own: bool = False) -> list[Kind]:
    from tandem.settings import Environment, settings
    from tandem.standins.systems import all_sources

    chosen = settings()
    ours = [source for source in all_sources() if not (but_own and getattr(chosen, source.address.lower()))]
    kinds = [source.kind for source in ours if source.kind]
    if chosen.tandem_env is Environment.REHEARSAL:
        from tandem.standins import cloud

        kinds.append(cloud.KIND)
    return kinds


def _export(variables: Mapping[str, str | None]) -> None:
    """Said so that it can be pasted into a shell."""
    click.echo("export " + " ".join(f"{name}={value}" for name, value in variables.items() if value is not None))
