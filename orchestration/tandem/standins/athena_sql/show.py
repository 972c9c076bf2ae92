"""SHOW and DESCRIBE: answered from Glue, in the columns and the words of Athena."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tandem.standins.athena_sql import partitions, queries, tables
from tandem.standins.athena_sql.hive_ddl import semantic
from tandem.standins.athena_sql.refuse import unsupported
from tandem.standins.athena_sql.show_create import create_statement
from tandem.standins.athena_sql.steps import LocalStep, Plan, Relation, Rows, Session
from tandem.standins.athena_sql.tokens import Cursor

_DESCRIBED = [("col_name", "string"), ("data_type", "string"), ("comment", "string")]


def show(text: str, session: Session) -> Plan:
    """Plan of SHOW; raises Refused for what only the engine can show."""
    cursor = Cursor(text)
    cursor.expect("SHOW")
    word = cursor.next().upper
    if word == "CREATE" and cursor.at("VIEW"):
        return Plan("UTILITY", "SHOW_CREATE_VIEW", (queries.trino(text, session),))
    readers: dict[str, Callable[[Cursor, Session], Callable[[], Rows]]] = {
        "DATABASES": _databases,
        "SCHEMAS": _databases,
        "TABLES": _tables,
        "VIEWS": _views,
        "PARTITIONS": _partitions,
        "COLUMNS": _columns,
        "CREATE": _create,
        "TBLPROPERTIES": _properties,
    }
    if word not in readers:
        raise unsupported(f"SHOW {word}")
    run = readers[word](cursor, session)
    cursor.end()
    kind = {"SCHEMAS": "SHOW_DATABASES", "CREATE": "SHOW_CREATE_TABLE"}.get(word, f"SHOW_{word}")
    return Plan("UTILITY", kind, (LocalStep(run),))


def describe(text: str, session: Session) -> Plan:
    """Plan of DESCRIBE [EXTENDED | FORMATTED] t and DESCRIBE VIEW v."""
    cursor = Cursor(text)
    if not cursor.take("DESC"):
        cursor.expect("DESCRIBE")
    if cursor.at("DATABASE") or cursor.at("SCHEMA") or cursor.at("INPUT") or cursor.at("OUTPUT"):
        raise unsupported(f"DESCRIBE {cursor.next().upper}")
    view = cursor.take("VIEW")
    detailed = cursor.take("EXTENDED") or cursor.take("FORMATTED")
    name = tables.relation(cursor.names(), session)
    cursor.end()
    kind = "DESCRIBE_VIEW" if view else "DESCRIBE_TABLE"
    return Plan("UTILITY", kind, (LocalStep(lambda: _describe(name, detailed, session)),))


def _databases(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    fits = _pattern(cursor)

    def run() -> Rows:
        pages = session.glue.get_paginator("get_databases").paginate()
        names = sorted(entry["Name"] for page in pages for entry in page["DatabaseList"])
        return _one_column("database_name", [name for name in names if fits(name)])

    return run


def _tables(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    return _listed(cursor, session, "tab_name", lambda _: True)


def _views(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    return _listed(cursor, session, "views", tables.is_view)


def _listed(
    cursor: Cursor, session: Session, column: str, wanted: Callable[[dict[str, Any]], bool]
) -> Callable[[], Rows]:
    database = session.database or "default"
    if cursor.take("IN") or cursor.take("FROM"):
        database = cursor.name()
    fits = _pattern(cursor)

    def run() -> Rows:
        pages = session.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        try:
            found = [entry for page in pages for entry in page["TableList"]]
        except session.glue.exceptions.EntityNotFoundException as error:
            raise semantic(f"[Error 10072]: Database does not exist: {database}") from error
        names = sorted(entry["Name"] for entry in found if wanted(entry) and fits(entry["Name"]))
        return _one_column(column, names)

    return run


def _partitions(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    name = tables.relation(cursor.names(), session)

    def run() -> Rows:
        table = tables.need(session, name)
        if not table.get("PartitionKeys"):
            raise semantic(f"Table {name} is not a partitioned table")
        found = partitions.partitions(name, session)
        return _one_column("partition", sorted(partitions.shown(table, entry["Values"]) for entry in found))

    return run


def _columns(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    if not cursor.take("IN"):
        cursor.expect("FROM")
    parts = cursor.names()
    if cursor.take("IN") or cursor.take("FROM"):
        parts = [cursor.name(), *parts]
    name = tables.relation(parts, session)

    def run() -> Rows:
        table = tables.need(session, name)
        entries = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
        return _one_column("field", [f"{entry['Name']:<20}" for entry in entries])

    return run


def _create(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    cursor.expect("TABLE")
    name = tables.relation(cursor.names(), session)
    return lambda: _one_column("createtab_stmt", create_statement(name, tables.need(session, name)))


def _properties(cursor: Cursor, session: Session) -> Callable[[], Rows]:
    name = tables.relation(cursor.names(), session)
    only = ""
    if cursor.take("("):
        only = cursor.string()
        cursor.expect(")")

    def run() -> Rows:
        known = tables.need(session, name).get("Parameters", {})
        if only:
            return _one_column("prpt_name", [known.get(only, f"Table {name} does not have property: {only}")])
        return _one_column("prpt_name", [f"{key}\t{value}" for key, value in sorted(known.items())])

    return run


def _describe(name: Relation, detailed: bool, session: Session) -> Rows:
    table = tables.need(session, name)
    keys = table.get("PartitionKeys", [])
    lines = [_described(entry) for entry in (*table["StorageDescriptor"]["Columns"], *keys)]
    if keys:
        lines += ["", "# Partition Information", "# col_name\tdata_type\tcomment", ""]
        lines += [_described(entry) for entry in keys]
    if detailed:
        lines += ["", "# Detailed Table Information", f"Location:\t{table['StorageDescriptor'].get('Location', '')}"]
        lines += [f"{key}\t{value}" for key, value in sorted(table.get("Parameters", {}).items())]
    return Rows(_DESCRIBED, [[line] for line in lines])


def _described(entry: dict[str, str]) -> str:
    return f"{entry['Name']:<20}\t{entry['Type']:<20}\t{entry.get('Comment', ''):<20}"


def _one_column(name: str, values: list[str]) -> Rows:
    return Rows([(name, "string")], [[value] for value in values])


def _pattern(cursor: Cursor) -> Callable[[str], bool]:
    """Hive's pattern: `*` stands for anything, `|` for or."""
    cursor.take("LIKE")
    if cursor.done:
        return lambda _: True
    parts = cursor.string().lower().split("|")
    expression = "|".join(re.escape(part).replace(r"\*", ".*") for part in parts)
    return lambda name: re.fullmatch(expression, name) is not None
