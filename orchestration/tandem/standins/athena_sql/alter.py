"""ALTER TABLE: read once, then Glue's work for a Hive table and Trino's for an Iceberg one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tandem.standins.athena_sql import iceberg_ddl, partitions, tables
from tandem.standins.athena_sql.definition import Column, read_column, read_columns, read_properties
from tandem.standins.athena_sql.hive_ddl import semantic
from tandem.standins.athena_sql.steps import ICEBERG, LocalStep, Plan, Relation, Rows, Session, TrinoStep
from tandem.standins.athena_sql.tokens import Cursor


def alter_table(text: str, session: Session) -> Plan:
    """Plan of ALTER TABLE; raises Refused for a change that the kind of table does not allow."""
    cursor = Cursor(text)
    cursor.expect("ALTER", "TABLE")
    name = tables.relation(cursor.names(), session)
    table = tables.need(session, name)
    if tables.is_view(table):
        raise semantic(f"To alter a view you need to use the ALTER VIEW command: {name}")
    if tables.is_iceberg(table):
        return iceberg_ddl.alter_table(cursor, name, session)
    kind, run = _change(cursor, name, session)
    cursor.end()
    return Plan("DDL", kind, (LocalStep(run),), writes=name)


def drop_table(text: str, session: Session) -> Plan:
    """Plan of DROP TABLE: a Hive table's files stay, an Iceberg table's go."""
    cursor = Cursor(text)
    cursor.expect("DROP", "TABLE")
    if_exists = cursor.take("IF", "EXISTS")
    name = tables.relation(cursor.names(), session)
    cursor.take("PURGE")
    cursor.end()
    table = tables.find(session, name)
    if table and tables.is_view(table):
        raise semantic(f"[Error 10018]: Cannot drop a view with DROP TABLE: {name}")
    if tables.is_iceberg(table):
        exists = "IF EXISTS " * if_exists
        step = TrinoStep(f"DROP TABLE {exists}{name.quoted(ICEBERG)}", ICEBERG, name.schema)
        return Plan("DDL", "DROP_TABLE", (step,), writes=name)
    return Plan("DDL", "DROP_TABLE", (LocalStep(lambda: _drop(name, if_exists, session)),), writes=name)


def repair_table(text: str, session: Session) -> Plan:
    """Plan of MSCK REPAIR TABLE."""
    cursor = Cursor(text)
    cursor.expect("MSCK", "REPAIR", "TABLE")
    name = tables.relation(cursor.names(), session)
    cursor.end()
    if tables.is_iceberg(tables.find(session, name)):
        raise semantic(f"MSCK REPAIR TABLE is not supported for Iceberg tables: {name}")
    return Plan("DDL", "MSCK_REPAIR_TABLE", (LocalStep(lambda: partitions.repair(name, session)),), writes=name)


def _change(cursor: Cursor, name: Relation, session: Session) -> tuple[str, Callable[[], Rows]]:
    if cursor.take("ADD", "COLUMNS"):
        added = read_columns(cursor)
        return "ALTER_TABLE_ADD_COLUMNS", lambda: _columns(name, session, lambda old: _with(old, added))
    if cursor.take("REPLACE", "COLUMNS"):
        replaced = read_columns(cursor)
        return "ALTER_TABLE_REPLACE_COLUMNS", lambda: _columns(name, session, lambda _: [c.glue for c in replaced])
    if cursor.take("CHANGE"):
        cursor.take("COLUMN")
        old_name, column = cursor.name(), read_column(cursor)
        return "ALTER_TABLE_CHANGE_COLUMN", lambda: _columns(name, session, lambda old: _changed(old, old_name, column))
    if cursor.take("SET", "TBLPROPERTIES"):
        properties = read_properties(cursor)
        return "ALTER_TABLE_PROPERTIES", lambda: _set_properties(name, properties, session)
    if cursor.take("SET", "LOCATION"):
        location = cursor.string()
        return "ALTER_TABLE_LOCATION", lambda: _set_location(name, location, session)
    return _partition_change(cursor, name, session)


def _partition_change(cursor: Cursor, name: Relation, session: Session) -> tuple[str, Callable[[], Rows]]:
    if cursor.take("ADD"):
        if_not_exists = cursor.take("IF", "NOT", "EXISTS")
        added = partitions.read_added(cursor) if cursor.at("PARTITION") else []
        if added:
            return "ALTER_TABLE_ADD_PARTITION", lambda: partitions.add(name, added, if_not_exists, session)
    elif cursor.take("DROP"):
        if_exists = cursor.take("IF", "EXISTS")
        if cursor.at("PARTITION"):
            dropped = partitions.read_dropped(cursor)
            return "ALTER_TABLE_DROP_PARTITION", lambda: partitions.drop(name, dropped, if_exists, session)
    elif cursor.take("PARTITION"):
        spec = partitions.read_spec(cursor)
        if cursor.take("SET", "LOCATION"):
            location = cursor.string()
            return "ALTER_TABLE_LOCATION", lambda: partitions.relocate(name, spec, location, session)
        cursor.expect("RENAME", "TO", "PARTITION")
        new = partitions.read_spec(cursor)
        return "ALTER_TABLE_RENAME_PARTITION", lambda: partitions.rename(name, spec, new, session)
    raise cursor.mismatch("a change that Athena can make to a Hive table")


def _drop(name: Relation, if_exists: bool, session: Session) -> Rows:
    try:
        session.glue.delete_table(DatabaseName=name.schema, Name=name.name)
    except session.glue.exceptions.EntityNotFoundException as error:
        if not if_exists:
            raise semantic(f"[Error 10001]: Table not found {name}") from error
    return Rows()


def _columns(name: Relation, session: Session, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Rows:
    table = tables.need(session, name)
    columns = change(table["StorageDescriptor"]["Columns"])
    names = [column["Name"] for column in (*columns, *table.get("PartitionKeys", []))]
    for column in names:
        if names.count(column) > 1:
            raise semantic(f"[Error 10036]: Duplicate column name: {column}")
    table["StorageDescriptor"]["Columns"] = columns
    tables.change(session, name, table)
    return Rows()


def _with(old: list[dict[str, Any]], added: list[Column]) -> list[dict[str, Any]]:
    return [*old, *(column.glue for column in added)]


def _changed(old: list[dict[str, Any]], old_name: str, column: Column) -> list[dict[str, Any]]:
    if old_name not in [entry["Name"] for entry in old]:
        raise semantic(f"[Error 10002]: Invalid column reference {old_name}")
    return [column.glue if entry["Name"] == old_name else entry for entry in old]


def _set_properties(name: Relation, properties: dict[str, str], session: Session) -> Rows:
    table = tables.need(session, name)
    table["Parameters"] = table.get("Parameters", {}) | properties
    tables.change(session, name, table)
    return Rows()


def _set_location(name: Relation, location: str, session: Session) -> Rows:
    tables.split_url(location)
    table = tables.need(session, name)
    table["StorageDescriptor"]["Location"] = location
    tables.change(session, name, table)
    return Rows()
