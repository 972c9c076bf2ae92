"""The command `tandem`: one file per verb, loaded when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module

import click

VERBS = {
    "run": "Run a pipeline through Airflow in this process.",
    "rehearse": "Run the production path against a local cloud, and compare its marts with DuckDB's.",
    "prod-run": "Run a pipeline in production from this machine.",
    "doctor": "Check that everything is there that a run needs.",
    "lint": "Hold every model against the engine it will run on.",
    "parity": "Compare the marts of two targets row by row.",
    "query": "Look into the warehouse, also while a run is writing.",
    "quarantine": "See what was set aside, and try it again.",
    "standins": "Local sources and a local cloud that speak the real protocols.",
    "gc": "Remove old commits and orphans from the lake.",
    "schemas": "Generate dbt sources from the declared entities.",
    "airflow": "The Airflow page on 127.0.0.1, with scheduler and stand-ins.",
}


class Verbs(click.Group):
    """Imports a verb's module only when that verb is called, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"tandem.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def tandem(debug: bool) -> None:
    """Tandem: the same pipelines on a laptop and in the cloud."""


def main() -> None:
    """Entry point of the console script: errors are one message on stderr, exit 2 for what the user can fix."""
    from tandem.errors import TandemError

    try:
        tandem()
    except TandemError as error:
        if "--debug" in sys.argv[1:2]:
            raise
        click.echo(f"tandem: {error}", err=True)
        sys.exit(error.exit_code)
