"""`tandem query "SQL"`: rows of the warehouse as a table, CSV or JSON."""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

import click

FORMATS = ("table", "csv", "json")


@click.command("query")
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
def command(sql: str, form: str) -> None:
    """Run SQL on the last state that a run has served. It never waits for a run, and never disturbs one."""
    from tandem.settings import settings
    from tandem.standins import reaching_cloud
    from tandem.targets import open_target

    with reaching_cloud():
        columns, rows = open_target(settings()).query(sql)
    {"table": _table, "csv": _csv, "json": _json}[form](columns, rows)


def _table(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    console.print(table, soft_wrap=not console.is_terminal)
    console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", style="dim")


def _csv(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _json(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    json.dump(
        [dict(zip(columns, row, strict=True)) for row in rows], sys.stdout, default=str, ensure_ascii=False, indent=1
    )
    sys.stdout.write("\n")
