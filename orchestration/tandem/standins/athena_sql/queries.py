"""Queries and changes of rows: passed to Trino as they are, but for what Athena refuses."""

from __future__ import annotations

from tandem.errors import Refused
from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.refuse import check_catalogs, unsupported
from tandem.standins.athena_sql.steps import ONE_WRITER, LocalStep, Plan, Relation, Rows, Session, TrinoStep
from tandem.standins.athena_sql.tokens import Cursor

_TARGET = {
    "INSERT": ("INSERT", "INTO"),
    "MERGE": ("MERGE", "INTO"),
    "DELETE": ("DELETE", "FROM"),
    "UPDATE": ("UPDATE",),
}

_EXPLAINED = {*_TARGET, "SELECT", "CREATE_TABLE_AS_SELECT", "CREATE_VIEW"}


def query(text: str, session: Session) -> Plan:
    """Plan of a SELECT."""
    check_catalogs(Cursor(text, "trino"))
    return Plan("DML", "SELECT", (trino(text, session),), query=text)


def change(text: str, session: Session) -> Plan:
    """Plan of INSERT, MERGE, UPDATE or DELETE, which first sees whether the kind of table allows it."""
    cursor = Cursor(text, "trino")
    check_catalogs(cursor)
    word = cursor.tokens[0].upper
    cursor.expect(*_TARGET[word])
    target = tables.relation(cursor.names(), session)
    steps = (LocalStep(lambda: _must_allow(word, target, session)), trino(text, session, ONE_WRITER))
    return Plan("DML", word, steps, writes=target)


def create_view(text: str, session: Session) -> Plan:
    """Plan of CREATE [OR REPLACE] VIEW."""
    cursor = Cursor(text, "trino")
    check_catalogs(cursor)
    cursor.expect("CREATE")
    cursor.take("OR", "REPLACE")
    cursor.expect("VIEW")
    view = tables.relation(cursor.names(), session)
    while not cursor.take("AS"):
        cursor.next()
    return Plan("DDL", "CREATE_VIEW", (trino(text, session),), writes=view, query=text[cursor.here :])


def drop_view(text: str, session: Session) -> Plan:
    """Plan of DROP VIEW."""
    cursor = Cursor(text, "trino")
    cursor.expect("DROP", "VIEW")
    if_exists = "IF EXISTS " if cursor.take("IF", "EXISTS") else ""
    view = tables.relation(_view_name(cursor), session)
    cursor.end()
    return Plan("DDL", "DROP_VIEW", (trino(f"DROP VIEW {if_exists}{view.quoted()}", session),), writes=view)


def explain(text: str, inner: Plan, start: int, session: Session) -> Plan:
    """Plan of EXPLAIN [ANALYZE] for the statement that begins at `start`, planned as `inner`."""
    *before, step = inner.steps
    if not isinstance(step, TrinoStep) or inner.substatement_type not in _EXPLAINED:
        raise unsupported("EXPLAIN of this statement")
    if inner.kind == "DDL" and Cursor(text, "trino").at("EXPLAIN", "ANALYZE"):
        raise unsupported("EXPLAIN ANALYZE of a definition")
    explained = TrinoStep(text[:start] + step.sql, step.catalog, step.schema, step.session)
    return Plan("UTILITY", "EXPLAIN", (*before, explained))


def explained_start(text: str) -> int:
    """Where the statement behind EXPLAIN and its options begins."""
    cursor = Cursor(text, "trino")
    cursor.expect("EXPLAIN")
    cursor.take("ANALYZE")
    cursor.take("VERBOSE")
    if cursor.at("(") and not cursor.at("(", "SELECT") and not cursor.at("(", "WITH"):
        cursor.skip_group()
    return cursor.here


def trino(text: str, session: Session, properties: dict[str, str] | None = None) -> TrinoStep:
    """A step in the session's database."""
    return TrinoStep(text, schema=session.database or "default", session=properties or {})


def _must_allow(word: str, target: Relation, session: Session) -> Rows:
    """Raises Refused where Athena lets the engine do less than it could; what is not there is the engine's to say."""
    table = tables.find(session, target)
    if table and word != "INSERT" and not tables.is_iceberg(table):
        message = "NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables"
        raise Refused("NOT_SUPPORTED", message)
    if table and word == "INSERT" and table.get("StorageDescriptor", {}).get("BucketColumns"):
        raise Refused("NOT_SUPPORTED", f"NOT_SUPPORTED: INSERT INTO is not supported on bucketed tables: {target}")
    return Rows()


def _view_name(cursor: Cursor) -> list[str]:
    # Both of Athena's parsers read a DROP VIEW, so both kinds of quotes do.
    if any(token.kind == "back" for token in cursor.tokens):
        cursor.language = "hive"
    return cursor.names()
