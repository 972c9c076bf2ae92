"""What Trino leaves out of a Glue entry and others read there: columns and location of Iceberg tables and views."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from tandem.standins.aws.types import in_glue, parse

Json = dict[str, Any]
ReadObject = Callable[[str], bytes]

_VIEW = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")
_ICEBERG = {"long": "bigint", "timestamptz": "timestamp", "uuid": "string", "time": "string", "fixed": "binary"}


def complete(entry: Json, read: ReadObject) -> None:
    """Fill in what a table's input lacks, in place.

    `read` answers the bytes of an `s3://` location; raises what it raises, and ValueError for unreadable metadata.
    """
    described = entry.get("StorageDescriptor") or {}
    metadata_location = entry.get("Parameters", {}).get("metadata_location")
    view = _VIEW.match(entry.get("ViewOriginalText") or "")
    if view:
        entry["StorageDescriptor"] = {**described, "Columns": _view_columns(view.group(1))}
    elif metadata_location and not described.get("Columns"):
        metadata = json.loads(read(metadata_location))
        described = {**described, "Location": metadata["location"], "Columns": _iceberg_columns(metadata)}
        entry["StorageDescriptor"] = described


def _view_columns(encoded: str) -> list[Json]:
    definition = json.loads(base64.b64decode(encoded))
    return [{"Name": column["name"], "Type": in_glue(parse(column["type"]))} for column in definition["columns"]]


def _iceberg_columns(metadata: Json) -> list[Json]:
    current = metadata.get("current-schema-id", 0)
    schemas = metadata.get("schemas") or [metadata["schema"]]
    schema = next((found for found in schemas if found.get("schema-id", 0) == current), schemas[-1])
    return [_iceberg_column(found) for found in schema["fields"]]


def _iceberg_column(field: Json) -> Json:
    marks = {"id": str(field["id"]), "optional": str(not field["required"]).lower(), "current": "true"}
    column = {
        "Name": field["name"],
        "Type": _iceberg_type(field["type"]),
        "Parameters": {f"iceberg.field.{name}": value for name, value in marks.items()},
    }
    return {**column, "Comment": field["doc"]} if field.get("doc") else column


def _iceberg_type(kind: Any) -> str:
    if isinstance(kind, str):
        name = kind.split("[")[0]
        return _ICEBERG.get(name, name.replace(" ", ""))
    if kind["type"] == "list":
        return f"array<{_iceberg_type(kind['element'])}>"
    if kind["type"] == "map":
        return f"map<{_iceberg_type(kind['key'])},{_iceberg_type(kind['value'])}>"
    return "struct<" + ",".join(f"{field['name']}:{_iceberg_type(field['type'])}" for field in kind["fields"]) + ">"
