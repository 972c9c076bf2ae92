"""Comparing, and saying what was found: what the commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from tandem.parity.compare import EXAMPLES
from tandem.parity.proof import prove
from tandem.parity.report import as_json, render
from tandem.parity.result import Parity
from tandem.runs import holding_lake
from tandem.settings import Settings

LOG_WIDTH = 180


def compare_and_say(chosen: Settings, system: str) -> int:
    """Compare a system's marts on the chosen target with DuckDB's and print the result; 0 equal, 1 different.

    `chosen` are the settings of this process. Raises CannotCompare or LeaseHeld (exit status 2).
    """
    parity = compared(chosen, system)
    print_parities([parity])
    return 0 if parity.equal else 1


def compared(chosen: Settings, system: str, *, reference_is_left: bool = True, examples: int = EXAMPLES) -> Parity:
    """Compare while holding the lease, so that no run changes either side meanwhile; progress is said on stderr."""
    with holding_lake(f"tandem parity {system}"):
        return prove(chosen, system, reference_is_left=reference_is_left, examples=examples, say=_say)


def print_parities(parities: Sequence[Parity]) -> None:
    """Print comparisons for people, to a terminal or a log."""
    from rich.console import Console

    # A log has no width; the default would fold every table.
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    console.print(render(parities))


def print_json(parities: Sequence[Parity]) -> None:
    """Print comparisons for programs."""
    json.dump(as_json(parities), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _say(text: str) -> None:
    click.echo(text, err=True)
