"""`tandem parity LEFT RIGHT [SYSTEM]`: whether two targets give the same marts."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from tandem.errors import SettingsError

REFERENCE = "duckdb"


@click.command("parity")
@click.argument("left")
@click.argument("right")
@click.argument("system", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--rows", type=click.IntRange(min=0), default=20, show_default=True, help="Differing rows shown per mart."
)
def command(left: str, right: str, system: str | None, as_json: bool, rows: int) -> None:
    """Compare the marts on LEFT and RIGHT, one of them duckdb: columns, types, and rows by key.

    The DuckDB side is built from the processed commits of the other one's lake, in a home of its own. In dev, athena
    and snowflake mean their rehearsal. SYSTEM: one pipeline, default all that the lake
    has.
    Exit status: 0 equal, 1 different, 2 could not compare.
    """
    from tandem.parity.proof import could_not_compare
    from tandem.parity.run import compared, print_json, print_parities
    from tandem.parity.sides import systems_in
    from tandem.settings import settings
    from tandem.standins import environment, reaching_cloud
    from tandem.steps import open_lake

    with ExitStack() as stack:
        stack.enter_context(could_not_compare(f"{left} and {right}"))
        stack.enter_context(environment(switch_for(left, right)))
        stack.enter_context(reaching_cloud())
        parities = [
            compared(settings(), name, reference_is_left=left == REFERENCE, examples=rows)
            for name in ([system] if system else systems_in(open_lake(settings())))
        ]
    print_json(parities) if as_json else print_parities(parities)
    sys.exit(0 if all(parity.equal for parity in parities) else 1)


def switch_for(left: str, right: str) -> dict[str, str | None]:
    """What to set so that the settings are those of the target compared with DuckDB; raises SettingsError."""
    from tandem.settings import CLOUD, Environment, TargetName, settings

    names = [left, right]
    if unknown := [name for name in names if name not in list(TargetName)]:
        raise SettingsError(f"There is no target {unknown[0]}. Allowed: {', '.join(TargetName)}.")
    if REFERENCE not in names:
        raise SettingsError(f"One of the two targets must be {REFERENCE}: the other is compared with it.")
    names.remove(REFERENCE)
    wanted, chosen = names[0], settings()
    if wanted == chosen.target:
        return {}
    if chosen.tandem_env is Environment.DEV and wanted in CLOUD:
        return {"TANDEM_ENV": str(Environment.REHEARSAL), "TANDEM_TARGET": wanted}
    raise SettingsError(
        f"TANDEM_ENV={chosen.tandem_env} runs on {chosen.target}, so {wanted} cannot be compared. "
        f"Run: tandem parity {REFERENCE} {chosen.target}"
    )
