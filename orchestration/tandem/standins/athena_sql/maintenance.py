"""OPTIMIZE and VACUUM of Iceberg tables, UNLOAD of a query's rows."""

from __future__ import annotations

import uuid

from tandem.errors import Refused
from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.ctas import Property, check, compression, properties
from tandem.standins.athena_sql.refuse import check_catalogs
from tandem.standins.athena_sql.steps import (
    CATALOG,
    ICEBERG,
    ONE_WRITER,
    LocalStep,
    Plan,
    Relation,
    Rows,
    Session,
    TrinoStep,
)
from tandem.standins.athena_sql.tokens import Cursor

_UNLOAD = {"format", "partitioned_by", "compression", "field_delimiter"}
_UNLOAD_FORMATS = {"PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"}


def optimize(text: str, session: Session) -> Plan:
    """Plan of OPTIMIZE t REWRITE DATA USING BIN_PACK [WHERE …]."""
    cursor = Cursor(text, "trino")
    cursor.expect("OPTIMIZE")
    table = _iceberg(cursor, session)
    cursor.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    condition = ""
    if cursor.at("WHERE"):
        condition = " " + text[cursor.here :]
        check_catalogs(cursor)
    else:
        cursor.end()
    return Plan("DML", "OPTIMIZE", (_execute(table, "optimize", condition),), writes=table)


def vacuum(text: str, session: Session) -> Plan:
    """Plan of VACUUM t: expire snapshots beyond Athena's default of five days, then remove orphan files.

    The table properties that change these ages are not kept by the local engine.
    """
    cursor = Cursor(text, "trino")
    cursor.expect("VACUUM")
    table = _iceberg(cursor, session)
    cursor.end()
    expire = _execute(table, "expire_snapshots(retention_threshold => '5d')")
    remove = _execute(table, "remove_orphan_files(retention_threshold => '3d')")
    return Plan("DML", "VACUUM", (expire, remove), writes=table)


def unload(text: str, session: Session) -> Plan:
    """Plan of UNLOAD (query) TO 's3://…' WITH (…): a table made of the query there, then forgotten."""
    cursor = Cursor(text, "trino")
    check_catalogs(cursor)
    cursor.expect("UNLOAD")
    start = cursor.here
    cursor.skip_group()
    query = text[start : cursor.behind]
    cursor.expect("TO")
    destination = cursor.string()
    given = properties(cursor) if cursor.take("WITH") else {}
    cursor.end()
    scratch = Relation(session.database or "default", f"unload_{uuid.uuid4().hex}")
    # The query keeps its lines, so that errors point where the author wrote.
    before = f"CREATE TABLE {scratch.quoted()} WITH ({_settings(given, destination)}) AS" + "\n" * text.count(
        "\n", 0, start
    )
    codec = compression({"write_compression": given["compression"]} if "compression" in given else {}, CATALOG)
    steps = (
        TrinoStep(f"{before} {query}", CATALOG, scratch.schema, ONE_WRITER | codec),
        LocalStep(lambda: _forget(scratch, session)),
    )
    return Plan("DML", "UNLOAD", steps, query=query, destination=destination)


def _settings(given: dict[str, Property], destination: str) -> str:
    check(given, _UNLOAD)
    if "format" not in given:
        raise Refused("INVALID_TABLE_PROPERTY", "INVALID_TABLE_PROPERTY: UNLOAD needs the property format")
    file_format = given["format"].bare.upper()
    if file_format not in _UNLOAD_FORMATS:
        raise Refused("INVALID_TABLE_PROPERTY", f"INVALID_TABLE_PROPERTY: Unsupported UNLOAD format: {file_format}")
    tables.split_url(destination)
    place = destination.replace("'", "''")
    wanted = [f"format = '{file_format}'", f"external_location = '{place}'"]
    if "partitioned_by" in given:
        wanted.append(f"partitioned_by = {given['partitioned_by'].value}")
    if "field_delimiter" in given:
        wanted.append(f"textfile_field_separator = {given['field_delimiter'].value}")
    return ", ".join(wanted)


def _iceberg(cursor: Cursor, session: Session) -> Relation:
    name = tables.relation(cursor.names(), session)
    if not tables.is_iceberg(tables.need(session, name)):
        raise Refused("NOT_SUPPORTED", f"NOT_SUPPORTED: Table {name} is not an Iceberg table")
    return name


def _execute(table: Relation, procedure: str, condition: str = "") -> TrinoStep:
    return TrinoStep(f"ALTER TABLE {table.quoted(ICEBERG)} EXECUTE {procedure}{condition}", ICEBERG, table.schema)


def _forget(scratch: Relation, session: Session) -> Rows:
    session.glue.delete_table(DatabaseName=scratch.schema, Name=scratch.name)
    return Rows()
