"""What is filled into Trino's Glue entries."""

from __future__ import annotations

import base64
import json
from typing import Any

from tandem.standins.aws.glue_entries import complete

METADATA = {
    "location": "s3://b/t",
    "current-schema-id": 1,
    "schemas": [
        {"schema-id": 0, "fields": [{"id": 1, "name": "old", "required": False, "type": "int"}]},
        {
            "schema-id": 1,
            "fields": [
                {"id": 1, "name": "id", "required": True, "type": "long", "doc": "the key"},
                {"id": 2, "name": "at", "required": False, "type": "timestamptz"},
                {"id": 3, "name": "price", "required": False, "type": "decimal(9, 2)"},
                {"id": 4, "name": "tags", "required": False, "type": {"type": "list", "element": "string"}},
                {"id": 5, "name": "more", "required": False, "type": {"type": "map", "key": "string", "value": "uuid"}},
                {
                    "id": 6,
                    "name": "nested",
                    "required": False,
                    "type": {
                        "type": "struct",
                        "fields": [{"id": 7, "name": "a", "required": False, "type": "fixed[4]"}],
                    },
                },
            ],
        },
    ],
}


def test_an_iceberg_entry_gets_location_and_current_columns() -> None:
    entry: dict[str, Any] = {"Name": "t", "Parameters": {"metadata_location": "s3://b/t/metadata/1.metadata.json"}}
    asked: list[str] = []

    def read(location: str) -> bytes:
        asked.append(location)
        return json.dumps(METADATA).encode()

    complete(entry, read)
    described = entry["StorageDescriptor"]
    assert asked == ["s3://b/t/metadata/1.metadata.json"]
    assert described["Location"] == "s3://b/t"
    assert [(column["Name"], column["Type"]) for column in described["Columns"]] == [
        ("id", "bigint"),
        ("at", "timestamp"),
        ("price", "decimal(9,2)"),
        ("tags", "array<string>"),
        ("more", "map<string,string>"),
        ("nested", "struct<a:binary>"),
    ]
    assert described["Columns"][0]["Comment"] == "the key"
    assert described["Columns"][0]["Parameters"] == {
        "iceberg.field.id": "1",
        "iceberg.field.optional": "false",
        "iceberg.field.current": "true",
    }


def test_a_view_gets_its_real_columns() -> None:
    definition = {"columns": [{"name": "a", "type": "varchar"}, {"name": "b", "type": "array(bigint)"}]}
    text = f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */"
    entry: dict[str, Any] = {
        "Name": "v",
        "ViewOriginalText": text,
        "StorageDescriptor": {"Columns": [{"Name": "dummy", "Type": "string"}], "Location": ""},
    }
    complete(entry, lambda location: b"")
    columns = [{"Name": "a", "Type": "string"}, {"Name": "b", "Type": "array<bigint>"}]
    assert entry["StorageDescriptor"] == {"Columns": columns, "Location": ""}


def test_an_entry_that_tells_its_columns_is_left_alone() -> None:
    described = {"Columns": [{"Name": "a", "Type": "int", "Comment": "mine"}], "Location": "s3://b/t"}
    entry = {"Name": "t", "Parameters": {"metadata_location": "s3://b/x"}, "StorageDescriptor": dict(described)}
    complete(entry, lambda location: b"")
    assert entry["StorageDescriptor"] == described
