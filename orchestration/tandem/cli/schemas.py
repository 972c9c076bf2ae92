"""`tandem schemas`: what is generated from the declared entities."""

from __future__ import annotations

import click


@click.command("schemas")
@click.option("--write", is_flag=True, help="Rewrite the generated files; without it, only say which are not current.")
def command(write: bool) -> None:
    """Generate the dbt sources from the declared entities. Exit status 1 when one is not current."""
    from tandem.schemas import SYSTEMS
    from tandem.targets.dbt_sources import render_sources, sources_path

    stale = []
    for system in SYSTEMS:
        path, text = sources_path(system), render_sources(system)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if write:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        click.echo(f"{'written' if write else 'not current'}: {path.name}")
    raise SystemExit(1 if stale and not write else 0)
