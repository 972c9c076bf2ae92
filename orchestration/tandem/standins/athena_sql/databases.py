"""Databases: CREATE, DROP and ALTER, on Glue."""

from __future__ import annotations

from typing import Any

from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.definition import read_properties
from tandem.standins.athena_sql.hive_ddl import execution_error, semantic
from tandem.standins.athena_sql.steps import ICEBERG, LocalStep, Plan, Relation, Rows, Session, Step, TrinoStep
from tandem.standins.athena_sql.tokens import Cursor


def create(text: str, session: Session) -> Plan:
    """Plan of CREATE DATABASE or SCHEMA."""
    cursor = _behind(text, "CREATE")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    entry: dict[str, Any] = {"Name": cursor.name()}
    if cursor.take("COMMENT"):
        entry["Description"] = cursor.string()
    if cursor.take("LOCATION"):
        entry["LocationUri"] = cursor.string()
    if cursor.take("WITH", "DBPROPERTIES"):
        entry["Parameters"] = read_properties(cursor)
    cursor.end()
    return Plan("DDL", "CREATE_DATABASE", (LocalStep(lambda: _create(entry, if_not_exists, session)),))


def drop(text: str, session: Session) -> Plan:
    """Plan of DROP DATABASE or SCHEMA; the data of its Iceberg tables goes with CASCADE, as on Athena."""
    cursor = _behind(text, "DROP")
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.name()
    cascade = cursor.take("CASCADE")
    cursor.take("RESTRICT")
    cursor.end()
    icebergs: list[Step] = []
    if cascade:
        icebergs = [
            TrinoStep(f"DROP TABLE IF EXISTS {Relation(name, table['Name']).quoted(ICEBERG)}", ICEBERG, name)
            for table in _tables(name, session)
            if tables.is_iceberg(table)
        ]
    last = LocalStep(lambda: _drop(name, if_exists, cascade, session))
    return Plan("DDL", "DROP_DATABASE", (*icebergs, last))


def alter(text: str, session: Session) -> Plan:
    """Plan of ALTER DATABASE … SET DBPROPERTIES."""
    cursor = _behind(text, "ALTER")
    name = cursor.name()
    cursor.expect("SET", "DBPROPERTIES")
    properties = read_properties(cursor)
    cursor.end()
    return Plan("DDL", "ALTER_DATABASE", (LocalStep(lambda: _alter(name, properties, session)),))


def _behind(text: str, verb: str) -> Cursor:
    cursor = Cursor(text)
    cursor.expect(verb)
    if not cursor.take("SCHEMA"):
        cursor.expect("DATABASE")
    return cursor


def _create(entry: dict[str, Any], if_not_exists: bool, session: Session) -> Rows:
    try:
        session.glue.create_database(DatabaseInput=entry)
    except session.glue.exceptions.AlreadyExistsException as error:
        if not if_not_exists:
            raise execution_error(f"Database {entry['Name']} already exists") from error
    return Rows()


def _drop(name: str, if_exists: bool, cascade: bool, session: Session) -> Rows:
    left = [table["Name"] for table in _tables(name, session)]
    if left and not cascade:
        reason = f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
        raise execution_error(reason)
    for table in left:
        session.glue.delete_table(DatabaseName=name, Name=table)
    try:
        session.glue.delete_database(Name=name)
    except session.glue.exceptions.EntityNotFoundException as error:
        if not if_exists:
            raise semantic(f"[Error 10072]: Database does not exist: {name}") from error
    return Rows()


def _alter(name: str, properties: dict[str, str], session: Session) -> Rows:
    try:
        database = session.glue.get_database(Name=name)["Database"]
    except session.glue.exceptions.EntityNotFoundException as error:
        raise semantic(f"[Error 10072]: Database does not exist: {name}") from error
    entry = {key: database[key] for key in ("Name", "Description", "LocationUri") if database.get(key)}
    entry["Parameters"] = database.get("Parameters", {}) | properties
    session.glue.update_database(Name=name, DatabaseInput=entry)
    return Rows()


def _tables(name: str, session: Session) -> list[dict[str, Any]]:
    try:
        pages = session.glue.get_paginator("get_tables").paginate(DatabaseName=name)
        return [table for page in pages for table in page["TableList"]]
    except session.glue.exceptions.EntityNotFoundException:
        return []
