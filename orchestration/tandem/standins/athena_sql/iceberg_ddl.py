"""Iceberg tables: CREATE TABLE and ALTER TABLE in Hive's words become Trino's, on the Iceberg catalogue."""

from __future__ import annotations

from tandem.errors import Refused
from tandem.standins.athena_sql.ctas import MAINTENANCE
from tandem.standins.athena_sql.definition import Column, Definition, read_column, read_columns, read_properties
from tandem.standins.athena_sql.hive_ddl import semantic
from tandem.standins.athena_sql.steps import ICEBERG, Plan, Relation, Session, TrinoStep
from tandem.standins.athena_sql.tables import relation as named
from tandem.standins.athena_sql.tokens import Cursor

_PROPERTIES = {"table_type", "format", "write_compression", *MAINTENANCE}


def create_table(wanted: Definition, session: Session) -> Plan:
    """Plan of CREATE TABLE … TBLPROPERTIES ('table_type'='ICEBERG'); raises Refused for any other table."""
    if wanted.properties.get("table_type", "").lower() != "iceberg":
        raise semantic(
            "CREATE TABLE without EXTERNAL is for Iceberg: TBLPROPERTIES ('table_type'='ICEBERG') is missing"
        )
    if not wanted.location:
        raise semantic("The LOCATION of an Iceberg table is missing")
    if wanted.partitions:
        raise semantic(f"The partition column '{wanted.partitions[0].name}' of an Iceberg table is given a type")
    _check(wanted.properties)
    file_format = wanted.properties.get("format", "parquet")
    settings = [f"location = {_text(wanted.location)}", f"format = {_text(file_format.upper())}"]
    if wanted.transforms:
        settings.append(f"partitioning = ARRAY[{', '.join(map(_text, wanted.transforms))}]")
    columns = ", ".join(_column(column) for column in wanted.columns)
    comment = f" COMMENT {_text(wanted.comment)}" if wanted.comment else ""
    exists = "IF NOT EXISTS " * wanted.if_not_exists
    sql = f"CREATE TABLE {exists}{wanted.relation.quoted(ICEBERG)} ({columns}){comment} WITH ({', '.join(settings)})"
    step = TrinoStep(sql, ICEBERG, session.database or "default")
    return Plan("DDL", "CREATE_TABLE", (step,), writes=wanted.relation)


def alter_table(cursor: Cursor, table: Relation, session: Session) -> Plan:
    """Plan of the ALTER TABLE of an Iceberg table, read from behind its name."""
    before = f"ALTER TABLE {table.quoted(ICEBERG)} "
    kind, clauses = _clauses(cursor, session)
    steps = tuple(TrinoStep(before + clause, ICEBERG, table.schema) for clause in clauses)
    # A property that only maintenance reads changes nothing here, but the statement has to succeed.
    steps = steps or (TrinoStep("SELECT 1 WHERE false", schema=table.schema),)
    return Plan("DDL", kind, steps, writes=table)


def _clauses(cursor: Cursor, session: Session) -> tuple[str, list[str]]:
    if cursor.take("ADD", "COLUMNS"):
        kind, clauses = "ALTER_TABLE_ADD_COLUMNS", [f"ADD COLUMN {_column(column)}" for column in read_columns(cursor)]
    elif cursor.take("DROP", "COLUMN"):
        kind, clauses = "ALTER_TABLE_DROP_COLUMN", [f"DROP COLUMN {_name(cursor.name())}"]
    elif cursor.take("CHANGE"):
        cursor.take("COLUMN")
        kind, clauses = "ALTER_TABLE_CHANGE_COLUMN", _changed(cursor)
    elif cursor.take("RENAME", "TO"):
        target = named(cursor.names(), session)
        kind, clauses = "ALTER_TABLE_RENAME", [f"RENAME TO {target.quoted(ICEBERG)}"]
    elif cursor.take("SET", "TBLPROPERTIES"):
        kind, clauses = "ALTER_TABLE_PROPERTIES", _set(read_properties(cursor))
    elif cursor.take("UNSET", "TBLPROPERTIES"):
        cursor.skip_group()
        kind, clauses = "ALTER_TABLE_PROPERTIES", []
    else:
        raise cursor.mismatch("a change that Athena can make to an Iceberg table")
    cursor.end()
    return kind, clauses


def _changed(cursor: Cursor) -> list[str]:
    old = cursor.name()
    column = read_column(cursor)
    if not cursor.done:
        raise semantic(f"The order of the columns cannot be changed by this rehearsal: {cursor.text}")
    clauses = [f"ALTER COLUMN {_name(old)} SET DATA TYPE {column.trino_type}"]
    if old != column.name:
        clauses.append(f"RENAME COLUMN {_name(old)} TO {_name(column.name)}")
    return clauses


def _set(properties: dict[str, str]) -> list[str]:
    _check(properties)
    return [f"SET PROPERTIES format = {_text(properties['format'].upper())}"] if "format" in properties else []


def _check(properties: dict[str, str]) -> None:
    for key in properties:
        if key not in _PROPERTIES:
            raise Refused("INVALID_TABLE_PROPERTY", f"Unsupported table property key: {key}")


def _column(column: Column) -> str:
    comment = f" COMMENT {_text(column.comment)}" if column.comment else ""
    return f"{_name(column.name)} {column.trino_type}{comment}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
