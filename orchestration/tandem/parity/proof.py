"""The proof that a target gives what DuckDB gives: both built from the same commits, then compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tandem.errors import CannotCompare, TandemError
from tandem.parity.compare import EXAMPLES, compare
from tandem.parity.marts import marts_of
from tandem.parity.result import Parity
from tandem.parity.sides import build_reference, commits_of, require_built, side_of
from tandem.settings import Settings, TargetName
from tandem.steps import open_lake


def prove(
    chosen: Settings,
    system: str,
    *,
    reference_is_left: bool = True,
    examples: int = EXAMPLES,
    say: Callable[[str], None] = lambda text: None,
) -> Parity:
    """Compare the marts of a system on the target of the settings with those on DuckDB.

    Call it while holding the lease of the lake. `say` is told what takes time.
    Raises CannotCompare (or what is the user's to put right, such as SettingsError), whatever stood in the way.
    """
    with could_not_compare(system):
        return _prove(chosen, system, reference_is_left, examples, say)


@contextmanager
def could_not_compare(what: str) -> Iterator[None]:
    """Let whatever goes wrong in the block end with exit status 2: 1 would say that the targets differ."""
    try:
        yield
    except TandemError as error:
        if error.exit_code == CannotCompare.exit_code:
            raise
        raise CannotCompare(f"{what} could not be compared. {error}") from error
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise CannotCompare(f"{what} could not be compared: {type(error).__name__}: {why}") from error


def _prove(chosen: Settings, system: str, reference_is_left: bool, examples: int, say: Callable[[str], None]) -> Parity:
    lake = open_lake(chosen)
    commits = commits_of(lake, system)
    if not commits:
        raise CannotCompare(f"The lake {lake.url} holds no processed partition of {system}. Run the pipeline first.")
    own = side_of(chosen, _name(chosen))
    require_built(own, system, commits)
    built = build_reference(chosen, system, say)
    reference = side_of(built, str(TargetName.DUCKDB))
    marts = marts_of(built.state / "dbt" / "target" / "manifest.json", system)
    say(f"{system}: comparing {len(marts)} marts.")
    left, right = (reference, own) if reference_is_left else (own, reference)
    return compare(system, marts, left, right, examples)


def _name(chosen: Settings) -> str:
    """DuckDB against itself shows whether building day by day gives what building anew gives."""
    return f"{chosen.target} ({chosen.tandem_env})" if chosen.target is TargetName.DUCKDB else str(chosen.target)
