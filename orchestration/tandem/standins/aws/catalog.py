"""The catalogue's part of the Athena API: databases and tables of Glue under the one data catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tandem.standins.athena_sql.steps import CATALOG
from tandem.standins.aws.rpc import ApiError, Json, invalid

ACCOUNT = "123456789012"
NAME = "AwsDataCatalog"
SUMMARY = {"CatalogName": NAME, "Type": "GLUE", "Status": "CREATE_COMPLETE"}
FULL = {"Name": NAME, "Type": "GLUE", "Parameters": {"catalog-id": ACCOUNT}, "Status": "CREATE_COMPLETE"}


class Catalog:
    """Answers from Glue."""

    def __init__(self, glue: Any) -> None:
        self._glue = glue

    def operations(self) -> dict[str, Callable[[Json], Json]]:
        """The operations of the API on the catalogue."""
        return {
            "ListDataCatalogs": lambda asked: {"DataCatalogsSummary": [SUMMARY]},
            "GetDataCatalog": self._data_catalog,
            "ListDatabases": self._databases,
            "GetDatabase": self._database,
            "ListTableMetadata": self._tables,
            "GetTableMetadata": self._table,
        }

    def _data_catalog(self, asked: Json) -> Json:
        _check(asked["Name"])
        return {"DataCatalog": FULL}

    def _databases(self, asked: Json) -> Json:
        found = self._ask(asked, "get_databases", **_paging(asked))
        return _more({"DatabaseList": [_database(entry) for entry in found["DatabaseList"]]}, found)

    def _database(self, asked: Json) -> Json:
        found = self._ask(asked, "get_database", Name=asked["DatabaseName"])
        return {"Database": _database(found["Database"])}

    def _tables(self, asked: Json) -> Json:
        expression = re.compile(asked.get("Expression") or ".*", re.IGNORECASE)
        found = self._ask(asked, "get_tables", DatabaseName=asked["DatabaseName"], **_paging(asked))
        chosen = [_table(entry) for entry in found["TableList"] if expression.fullmatch(entry["Name"])]
        return _more({"TableMetadataList": chosen}, found)

    def _table(self, asked: Json) -> Json:
        found = self._ask(asked, "get_table", DatabaseName=asked["DatabaseName"], Name=asked["TableName"])
        return {"TableMetadata": _table(found["Table"])}

    def _ask(self, asked: Json, operation: str, **arguments: Any) -> Json:
        _check(asked["CatalogName"])
        try:
            return getattr(self._glue, operation)(**arguments)
        except ClientError as error:
            said = error.response["Error"]
            raise ApiError("MetadataException", f"{said['Code']}: {said['Message']}") from error


def _check(name: str) -> None:
    if name.lower() != CATALOG:
        raise invalid(f"Catalog {name} was not found")


def _paging(asked: Json) -> Json:
    names = {"NextToken": asked.get("NextToken"), "MaxResults": asked.get("MaxResults")}
    return {name: value for name, value in names.items() if value}


def _more(content: Json, found: Json) -> Json:
    return {**content, "NextToken": found["NextToken"]} if found.get("NextToken") else content


def _database(entry: Json) -> Json:
    told = {"Name": entry["Name"], "Description": entry.get("Description"), "Parameters": entry.get("Parameters")}
    return {name: value for name, value in told.items() if value}


def _table(entry: Json) -> Json:
    described = entry.get("StorageDescriptor", {})
    serde = described.get("SerdeInfo", {}).get("SerializationLibrary")
    formats = {"inputformat": described.get("InputFormat"), "outputformat": described.get("OutputFormat")}
    more = {"location": described.get("Location"), "serde.serialization.lib": serde, **formats}
    return {
        "Name": entry["Name"],
        "CreateTime": entry["CreateTime"].timestamp(),
        "LastAccessTime": 0,
        "TableType": entry.get("TableType", ""),
        "Columns": [_column(column) for column in described.get("Columns", ())],
        "PartitionKeys": [_column(column) for column in entry.get("PartitionKeys", ())],
        "Parameters": {**entry.get("Parameters", {}), **{name: value for name, value in more.items() if value}},
    }


def _column(column: Json) -> Json:
    return {name: column[name] for name in ("Name", "Type", "Comment") if column.get(name)}
