"""`tandem quarantine`: what was set aside, why, and trying it again."""

from __future__ import annotations

from typing import Any

import click

from tandem.errors import SettingsError
from tandem.lake.partition import Partition


@click.group("quarantine")
def command() -> None:
    """See what was set aside, and try it again."""
    from tandem.standins import reaching_cloud

    click.get_current_context().with_resource(reaching_cloud())


@command.command("list")
@click.argument("system", required=False)
def list_(system: str | None) -> None:
    """Partitions that hold rejects, with the number of rows per reason."""
    from tandem.lake.quarantine import list_rejects
    from tandem.settings import settings
    from tandem.steps import open_lake

    found = [(partition, reasons) for partition, reasons in list_rejects(open_lake(settings()), system) if reasons]
    for partition, reasons in found:
        counts = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
        click.echo(f"{partition.key}  {counts}")
    rows = sum(sum(reasons.values()) for _, reasons in found)
    click.echo(f"{rows} rows set aside in {len(found)} partitions.")


@command.command()
@click.argument("partition")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
def show(partition: str, limit: int) -> None:
    """The rejects of one PARTITION, written as system/entity/YYYY-MM-DD."""
    from tandem.lake.quarantine import read_rejects
    from tandem.settings import settings
    from tandem.steps import open_lake

    rejects = read_rejects(open_lake(settings()), _parse(partition))
    for row in rejects.head(limit).iter_rows(named=True):
        click.echo(
            f"{row['reason']}: {row['detail']}\n  from {row['origin']} row {row['position']}\n  {row['payload']}"
        )
    click.echo(f"{min(limit, rejects.height)} of {rejects.height} rows shown.")


@command.command()
@click.argument("system")
def replay(system: str) -> None:
    """Refine again every partition of SYSTEM that holds rejects, from what was captured, and build what changed."""
    from tandem import steps, warehouse
    from tandem.lake.quarantine import list_rejects
    from tandem.runs import holding_lake
    from tandem.settings import settings

    store = steps.open_lake(settings())
    days = sorted({partition.day for partition, reasons in list_rejects(store, system) if reasons})
    if not days:
        click.echo(f"Nothing of {system} is set aside.")
        return
    with holding_lake(f"tandem quarantine replay {system}"), click.progressbar(length=1, label="Refining") as bar:
        steps.refine(store, system, days, progress=lambda done, total: _advance(bar, done, total), force=True)
        warehouse.bring_up_to_date(settings(), system, days)
    left = sum(sum(reasons.values()) for _, reasons in list_rejects(store, system))
    click.echo(f"{len(days)} days refined again; {left} rows are still set aside.")


def _advance(bar: Any, done: int, total: int) -> None:
    bar.length = total
    bar.update(done - bar.pos)


def _parse(key: str) -> Partition:
    try:
        return Partition.parse(key)
    except ValueError:
        raise SettingsError(
            f"{key!r} is not a partition. Write system/entity/YYYY-MM-DD; see: tandem quarantine list"
        ) from None
