"""`tandem lint --target athena`: what the engine of a target refuses of the dbt project, model and line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tandem.blame import Finding
from tandem.errors import TandemError


@click.command("lint")
@click.option("--target", type=click.Choice(["athena"]), required=True, help="Whose engine judges.")
def command(target: str) -> None:
    """Let the engine of a target analyse every model and data test, without an account and over empty tables.

    First the text alone is checked, then each statement that dbt would send, as on a first run and as on a later one.
    Uses the local cloud that `tandem standins up` keeps for the rehearsal, else one for as long as it takes.
    Exit status: 0 clean, 1 findings, 2 could not check.
    """
    from tandem.parity.static_lint import check, queries

    try:
        findings = [*check(queries()), *_judged(target)]
    except TandemError as error:
        error.exit_code = 2
        raise
    _print(findings, target)
    sys.exit(1 if findings else 0)


def _judged(target: str) -> list[Finding]:
    from tandem.parity.lint import lint
    from tandem.settings import TargetName, settings
    from tandem.standins import environment

    with environment({"TANDEM_ENV": "rehearsal", "TANDEM_TARGET": target}), _cloud():
        return lint(settings(), TargetName(target))


@contextmanager
def _cloud() -> Iterator[None]:
    from tandem.parity.lint import lint_settings
    from tandem.settings import settings
    from tandem.standins import cloud, kept

    # Beside the servers of the rehearsal when they are kept, else ones of its own: a run that is under way has its own.
    chosen = settings()
    with cloud.cloud_of(chosen if kept.status(chosen.state, cloud.KIND) else lint_settings(chosen)):
        yield


def _print(findings: list[Finding], target: str) -> None:
    for finding in findings:
        click.echo(str(finding))
    said = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}" if findings else "no findings"
    click.echo(f"lint for {target}: {said}", err=True)
