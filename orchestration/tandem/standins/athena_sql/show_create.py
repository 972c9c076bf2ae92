"""SHOW CREATE TABLE: a Glue entry as the statement that makes it."""

from __future__ import annotations

from typing import Any

from tandem.standins.athena_sql.steps import Relation
from tandem.standins.athena_sql.tables import is_iceberg

# What the catalogue adds to a table's properties by itself.
_OWN = {"EXTERNAL", "metadata_location", "previous_metadata_location"}


def create_statement(name: Relation, table: dict[str, Any]) -> list[str]:
    """The lines of the statement that makes this table."""
    storage = table["StorageDescriptor"]
    iceberg = is_iceberg(table)
    lines = [f"CREATE {'' if iceberg else 'EXTERNAL '}TABLE `{name}`("]
    lines += _columns(storage["Columns"])
    if table.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_columns(table["PartitionKeys"])]
    if not iceberg:
        lines += _storage(storage)
    lines += ["LOCATION", f"  {_text(storage.get('Location', ''))}"]
    properties = [(key, value) for key, value in sorted(table.get("Parameters", {}).items()) if key not in _OWN]
    return [*lines, *_pairs("TBLPROPERTIES (", properties)] if properties else lines


def _columns(entries: list[dict[str, str]]) -> list[str]:
    shown = [
        f"  `{entry['Name']}` {entry['Type']}" + (f" COMMENT {_text(entry['Comment'])}" if entry.get("Comment") else "")
        for entry in entries
    ]
    return [line + ", " for line in shown[:-1]] + [shown[-1] + ")"]


def _storage(storage: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if storage.get("BucketColumns"):
        columns = ", ".join(storage["BucketColumns"])
        lines += [f"CLUSTERED BY ({columns})", f"INTO {storage['NumberOfBuckets']} BUCKETS"]
    serde = storage.get("SerdeInfo", {})
    lines += ["ROW FORMAT SERDE ", f"  {_text(serde.get('SerializationLibrary', ''))} "]
    properties = [pair for pair in sorted(serde.get("Parameters", {}).items()) if pair[0] != "serialization.format"]
    if properties:
        lines += _pairs("WITH SERDEPROPERTIES ( ", properties)
    return [
        *lines,
        "STORED AS INPUTFORMAT ",
        f"  {_text(storage.get('InputFormat', ''))} ",
        "OUTPUTFORMAT ",
        f"  {_text(storage.get('OutputFormat', ''))}",
    ]


def _pairs(opening: str, pairs: list[tuple[str, str]]) -> list[str]:
    shown = [f"  {_text(key)}={_text(value)}" for key, value in pairs]
    return [opening, *(line + ", " for line in shown[:-1]), shown[-1] + ")"]


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
