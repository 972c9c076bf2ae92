"""Validate-only: what a statement would do is analysed by the engine over empty tables, no row is read or written.

CREATE TABLE AS makes the table with its columns and without its rows, so that what depends on it can be analysed next;
a view is what it always is. INSERT is validated; MERGE, UPDATE and DELETE are planned too, since only the plan shows
that a table cannot take them. A SELECT runs, over tables that are empty, since its caller expects columns.

SELECT DISTINCT without a row answers one row of NULLs: dbt-athena asks so for the partitions to write, and sends the
statements that are to be analysed only if there is one.
"""

from __future__ import annotations

from dataclasses import replace

from tandem.standins.athena_sql.steps import Plan, Step, TrinoStep
from tandem.standins.athena_sql.tokens import tokenize

WORK_GROUP = "tandem-validate"
_VALIDATED = {"INSERT": "VALIDATE", "UNLOAD": "VALIDATE", "MERGE": "LOGICAL", "UPDATE": "LOGICAL", "DELETE": "LOGICAL"}


def analysed(plan: Plan) -> Plan:
    """The plan whose statements for the engine are only analysed; what tidies up after an UNLOAD has nothing to do."""
    kept = [step for step in plan.steps if isinstance(step, TrinoStep) or plan.substatement_type != "UNLOAD"]
    return replace(plan, steps=tuple(_analysed(plan.substatement_type, step) for step in kept))


def asks_for_partitions(plan: Plan) -> bool:
    """Whether the caller of this statement does nothing when no row comes back."""
    words = [token.upper for token in tokenize(plan.query, "trino")[:2]]
    return plan.substatement_type == "SELECT" and words == ["SELECT", "DISTINCT"]


def _analysed(statement: str, step: Step) -> Step:
    if not isinstance(step, TrinoStep):
        return step
    if statement == "CREATE_TABLE_AS_SELECT":
        return replace(step, sql=step.sql.rstrip().rstrip(";") + "\nWITH NO DATA")
    if statement in _VALIDATED:
        # On the line of the statement, so that an error's line is the author's; its column is not.
        return replace(step, sql=f"EXPLAIN (TYPE {_VALIDATED[statement]}) {step.sql}")
    return step
