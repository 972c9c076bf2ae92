"""Data tests before an engine: many in one statement, since nearly all pass and each statement has its price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tandem.errors import WarehouseError
from tandem.parity.artifacts import results_of
from tandem.targets import Target

AT_ONCE = 12

Node = Mapping[str, Any]


def compiled_tests(artifacts: Path) -> list[Node]:
    """The tests that `dbt compile` has left: unique id and SQL."""
    return [one for one in results_of(artifacts) if one["unique_id"].startswith("test.") and one["compiled_code"]]


def refused(engine: Target, tests: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """Unique id and reason of each test that the engine cannot analyse. Nothing is run."""
    remaining = iter(tests)
    while group := list(islice(remaining, AT_ONCE)):
        together = "\nunion all ".join(f"select 1 from ({test['compiled_code']}\n)" for test in group)  # noqa: S608
        if _reason(engine, together) is None:
            continue
        for test in group:
            # The id in the statement is by what the refusal is recognised, as in those that dbt sends.
            if reason := _reason(engine, f"{test['compiled_code']}\n-- {test['unique_id']}"):
                yield test["unique_id"], reason


def _reason(engine: Target, sql: str) -> str | None:
    try:
        engine.query(f"explain (type validate) {sql}")
    except WarehouseError as error:
        return str(error)
    return None
