"""The door of this package: one statement as Athena reads it, and the steps that it comes to."""

from __future__ import annotations

from collections.abc import Callable

from tandem.errors import Refused
from tandem.standins.athena_sql import alter, ctas, databases, hive_ddl, iceberg_ddl, maintenance, queries, show
from tandem.standins.athena_sql.definition import read_definition
from tandem.standins.athena_sql.refuse import one_statement, unsupported
from tandem.standins.athena_sql.steps import LocalStep, Plan, Relation, Rows, Session, Step, TrinoStep
from tandem.standins.athena_sql.tokens import Cursor

__all__ = ["LocalStep", "Plan", "Refused", "Relation", "Rows", "Session", "Step", "TrinoStep", "plan"]

Planner = Callable[[str, Session], Plan]

_QUERY = ("SELECT", "WITH", "VALUES", "TABLE", "(")


def plan(text: str, session: Session) -> Plan:
    """The steps of one statement. Reads the catalogue where a statement means different work for different tables.

    Raises Refused for what Athena refuses; `at_start` tells what it refuses at StartQueryExecution already.
    """
    text = one_statement(text)
    cursor = Cursor(text, "trino")
    for words, planner in _PLANNERS:
        if cursor.at(*words):
            return planner(text, session)
    raise unsupported(" ".join(token.text for token in cursor.tokens[:3]))


def _explain(text: str, session: Session) -> Plan:
    start = queries.explained_start(text)
    return queries.explain(text, plan(text[start:], session), start, session)


def _create_table(text: str, session: Session) -> Plan:
    """A bracket behind the name begins a definition in Hive's words; a query is a CTAS."""
    cursor = Cursor(text)
    cursor.expect("CREATE", "TABLE")
    cursor.take("IF", "NOT", "EXISTS")
    while not cursor.done and not cursor.at("(") and not cursor.at("WITH") and not cursor.at("AS"):
        cursor.next()
    if not cursor.at("("):
        return ctas.create_table_as(text, session)
    return iceberg_ddl.create_table(read_definition(text, session), session)


def _create_external_table(text: str, session: Session) -> Plan:
    return hive_ddl.create_external_table(read_definition(text, session), session)


def _prepared(text: str, session: Session) -> Plan:
    raise Refused("NOT_SUPPORTED", f"Prepared statements are not part of the local Athena: {text}", at_start=True)


_PLANNERS: list[tuple[tuple[str, ...], Planner]] = [
    *(((word,), queries.query) for word in _QUERY),
    *(((word,), queries.change) for word in ("INSERT", "MERGE", "DELETE", "UPDATE")),
    *(((word,), _prepared) for word in ("PREPARE", "EXECUTE", "DEALLOCATE")),
    (("EXPLAIN",), _explain),
    (("UNLOAD",), maintenance.unload),
    (("OPTIMIZE",), maintenance.optimize),
    (("VACUUM",), maintenance.vacuum),
    (("CREATE", "TABLE"), _create_table),
    (("CREATE", "EXTERNAL", "TABLE"), _create_external_table),
    (("CREATE", "VIEW"), queries.create_view),
    (("CREATE", "OR", "REPLACE", "VIEW"), queries.create_view),
    (("CREATE", "DATABASE"), databases.create),
    (("CREATE", "SCHEMA"), databases.create),
    (("DROP", "DATABASE"), databases.drop),
    (("DROP", "SCHEMA"), databases.drop),
    (("ALTER", "DATABASE"), databases.alter),
    (("ALTER", "SCHEMA"), databases.alter),
    (("DROP", "TABLE"), alter.drop_table),
    (("DROP", "VIEW"), queries.drop_view),
    (("ALTER", "TABLE"), alter.alter_table),
    (("MSCK",), alter.repair_table),
    (("SHOW",), show.show),
    (("DESCRIBE",), show.describe),
    (("DESC",), show.describe),
]
