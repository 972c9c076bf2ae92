"""CREATE TABLE AS: Athena's table properties become those of Trino's Hive and Iceberg connectors.

The text is replaced in place and keeps its lines, so that the engine's errors point where the author wrote.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tandem.errors import Refused
from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.refuse import check_catalogs
from tandem.standins.athena_sql.steps import CATALOG, ICEBERG, ONE_WRITER, Plan, Session, TrinoStep
from tandem.standins.athena_sql.tokens import Cursor

COMMON = {"table_type", "is_external", "format", "write_compression"}
HIVE = COMMON | {
    *("external_location", "partitioned_by", "bucketed_by", "bucket_count", "field_delimiter"),
    *("parquet_compression", "orc_compression"),
}
MAINTENANCE = {
    *("vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds", "vacuum_max_metadata_files_to_keep"),
    *("optimize_rewrite_min_data_file_size_mb", "optimize_rewrite_max_data_file_size_mb"),
    *("optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold"),
}
ICEBERG_ONLY = COMMON | MAINTENANCE | {"location", "partitioning"}
# Trino's default is ORC, Athena's is Parquet.
_FORMATS = {"hive": {"PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"}, "iceberg": {"PARQUET", "ORC", "AVRO"}}
_CODECS = {codec: codec for codec in ("NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4")} | {"ZLIB": "GZIP"}
_RENAMED = {"field_delimiter": "textfile_field_separator"}
_DROPPED = {"table_type", "is_external", "write_compression", "parquet_compression", "orc_compression"} | MAINTENANCE


@dataclass(frozen=True)
class Property:
    """One entry of WITH (…): its value as text, and its place for errors."""

    value: str
    place: str

    @property
    def bare(self) -> str:
        """The value without quotes."""
        return self.value.strip().strip("'")


def create_table_as(text: str, session: Session) -> Plan:
    """Plan of CREATE TABLE … AS; raises Refused for properties that Athena does not have."""
    cursor = Cursor(text, "trino")
    check_catalogs(cursor)
    cursor.expect("CREATE", "TABLE")
    cursor.take("IF", "NOT", "EXISTS")
    name_start = cursor.here
    target = tables.relation(cursor.names(), session)
    name_end = with_end = cursor.behind
    given: dict[str, Property] = {}
    if cursor.take("WITH"):
        given = properties(cursor)
        with_end = cursor.behind
    cursor.expect("AS")
    query = text[cursor.here :]
    table_type = _table_type(given)
    wanted = _wanted(given, table_type, session)
    catalog = ICEBERG if table_type == "iceberg" else CATALOG
    clause = " WITH (" + ", ".join(f"{key} = {value}" for key, value in wanted.items()) + ")"
    lines = "\n" * (text.count("\n", name_end, with_end) - clause.count("\n"))
    sql = text[:name_start] + target.quoted(catalog) + clause + lines + " " * (not lines) + text[with_end:].lstrip(" ")
    step = TrinoStep(sql, CATALOG, session.database or "default", ONE_WRITER | compression(given, catalog))
    destination = wanted.get("external_location", wanted.get("location", "")).strip("'")
    return Plan("DDL", "CREATE_TABLE_AS_SELECT", (step,), target, query, destination)


def properties(cursor: Cursor) -> dict[str, Property]:
    """The entries of a bracket of `key = value`, the values as written."""
    cursor.expect("(")
    found: dict[str, Property] = {}
    while True:
        place = cursor.place()
        key = cursor.name()
        cursor.expect("=")
        start = cursor.here
        _skip_value(cursor)
        if key in found:
            raise Refused("SYNTAX_ERROR", f"SYNTAX_ERROR: {place}: Duplicate property: {key}")
        found[key] = Property(cursor.text[start : cursor.behind], place)
        if cursor.take(")"):
            return found
        cursor.expect(",")


def compression(given: dict[str, Property], catalog: str) -> dict[str, str]:
    """The session property that stands for Athena's compression property."""
    asked = [given[key] for key in ("write_compression", "parquet_compression", "orc_compression") if key in given]
    if not asked:
        return {}
    codec = asked[0].bare.upper()
    if codec not in _CODECS:
        raise _invalid(asked[0], f"compression '{codec}' is not one of {', '.join(_CODECS)}")
    return {f"{catalog}.compression_codec": _CODECS[codec]}


def check(given: dict[str, Property], allowed: set[str]) -> None:
    """Raises Refused for a property that Athena does not have."""
    for key, entry in given.items():
        if key not in allowed:
            raise _invalid(entry, f"Catalog '{CATALOG}' table property '{key}' does not exist")


def _skip_value(cursor: Cursor) -> None:
    while not cursor.at(",") and not cursor.at(")"):
        if cursor.at("[") or cursor.at("("):
            cursor.skip_group()
        else:
            cursor.next()


def _table_type(given: dict[str, Property]) -> str:
    entry = given.get("table_type")
    kind = entry.bare.lower() if entry else "hive"
    if entry and kind not in _FORMATS:
        raise _invalid(entry, f"table_type '{entry.bare}' is not HIVE or ICEBERG")
    external = given.get("is_external")
    if kind == "iceberg" and (external is None or external.bare.lower() != "false"):
        raise Refused("NOT_SUPPORTED", "NOT_SUPPORTED: An ICEBERG table needs the table property is_external = false")
    return kind


def _wanted(given: dict[str, Property], table_type: str, session: Session) -> dict[str, str]:
    check(given, HIVE if table_type == "hive" else ICEBERG_ONLY)
    file_format = given["format"].bare.upper() if "format" in given else "PARQUET"
    if file_format not in _FORMATS[table_type]:
        raise _invalid(given["format"], f"format '{file_format}' is not supported for {table_type.upper()} tables")
    wanted = {_RENAMED.get(key, key): entry.value for key, entry in given.items() if key not in _DROPPED}
    wanted["format"] = f"'{file_format}'"
    if table_type == "hive" and "external_location" not in wanted:
        wanted["external_location"] = "'" + _default_location(session).replace("'", "''") + "'"
    if table_type == "iceberg" and "location" not in wanted:
        raise Refused("INVALID_TABLE_PROPERTY", "INVALID_TABLE_PROPERTY: An ICEBERG table needs the property location")
    return wanted


def _default_location(session: Session) -> str:
    return f"{session.output_location.rstrip('/')}/tables/{uuid.uuid4()}/"


def _invalid(entry: Property, reason: str) -> Refused:
    return Refused("INVALID_TABLE_PROPERTY", f"INVALID_TABLE_PROPERTY: {entry.place}: {reason}")
