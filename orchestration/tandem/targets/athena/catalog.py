"""Databases, tables and partitions of the Glue catalogue, within the limits of its API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tandem.errors import WarehouseError

WRITE_BATCH = 100
DELETE_BATCH = 25
PAGE = 1000
# Marks what Tandem made, and says from which declared schema and which commit.
SCHEMA = "tandem_schema"
COMMIT = "tandem_commit"
EXISTS = "AlreadyExistsException"
MISSING = "EntityNotFoundException"
_SHOWN = 3

Values = tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """What the catalogue says of a partition: the commit it shows, and where the files are."""

    commit: str
    location: str


class Catalog:
    """The Glue catalogue of the account, by a boto3 client; what AWS raises is the caller's to explain."""

    def __init__(self, glue: Any) -> None:
        self._glue = glue

    def tables(self, database: str) -> dict[str, dict[str, Any]] | None:
        """The tables of a database by name, None when there is no such database."""
        try:
            pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=database)
            return {table["Name"]: table for page in pages for table in page["TableList"]}
        except self._glue.exceptions.EntityNotFoundException:
            return None

    def columns(self, database: str, table: str) -> list[str]:
        """Names of a table's columns, without the partition keys."""
        found = self._glue.get_table(DatabaseName=database, Name=table)["Table"]
        return [column["Name"] for column in found["StorageDescriptor"]["Columns"]]

    def create_database(self, database: str, description: str) -> None:
        """Make a database; one that is already there is left alone."""
        with suppress(self._glue.exceptions.AlreadyExistsException):
            self._glue.create_database(DatabaseInput={"Name": database, "Description": description})

    def create_table(self, database: str, table: Mapping[str, Any]) -> None:
        """Make a table."""
        self._glue.create_table(DatabaseName=database, TableInput=table)

    def update_table(self, database: str, table: Mapping[str, Any]) -> None:
        """Replace the definition of a table; its partitions stay."""
        self._glue.update_table(DatabaseName=database, TableInput=table, SkipArchive=True)

    def partitions(self, database: str, table: str) -> dict[Values, Shown]:
        """Every partition of a table and what it shows."""
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=database,
            TableName=table,
            ExcludeColumnSchema=True,
            PaginationConfig={"PageSize": PAGE},
        )
        return {tuple(partition["Values"]): _shown(partition) for page in pages for partition in page["Partitions"]}

    def create_partitions(self, database: str, table: str, partitions: Sequence[Mapping[str, Any]]) -> None:
        """Add partitions; those that are already there are replaced. Raises WarehouseError naming what was refused."""
        there: list[Mapping[str, Any]] = []
        for batch in _batches(partitions, WRITE_BATCH):
            answer = self._glue.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=batch)
            # A request that was sent again finds what its own first try made.
            known = {values for code, values, _ in _errors(answer) if code == EXISTS}
            there += [partition for partition in batch if tuple(partition["Values"]) in known]
            _check(answer, f"add partitions to {database}.{table}", EXISTS)
        self.update_partitions(database, table, there)

    def update_partitions(self, database: str, table: str, partitions: Sequence[Mapping[str, Any]]) -> None:
        """Replace partitions, each as a whole. Raises WarehouseError naming what was refused."""
        for batch in _batches(partitions, WRITE_BATCH):
            entries = [{"PartitionValueList": item["Values"], "PartitionInput": item} for item in batch]
            answer = self._glue.batch_update_partition(DatabaseName=database, TableName=table, Entries=entries)
            _check(answer, f"replace partitions of {database}.{table}")

    def delete_partitions(self, database: str, table: str, partitions: Sequence[Values]) -> None:
        """Take partitions out of the catalogue; those that are gone already are passed over."""
        for batch in _batches(partitions, DELETE_BATCH):
            answer = self._glue.batch_delete_partition(
                DatabaseName=database, TableName=table, PartitionsToDelete=[{"Values": list(key)} for key in batch]
            )
            _check(answer, f"take partitions out of {database}.{table}", MISSING)


def _shown(partition: Mapping[str, Any]) -> Shown:
    location = partition.get("StorageDescriptor", {}).get("Location", "")
    return Shown(partition.get("Parameters", {}).get(COMMIT, ""), location)


def _batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _errors(answer: Mapping[str, Any]) -> list[tuple[str, Values, str]]:
    """Code, partition and message of each refusal; the two kinds of answers name the partition differently."""
    return [
        (
            error["ErrorDetail"].get("ErrorCode", ""),
            tuple(error.get("PartitionValues") or error.get("PartitionValueList") or ()),
            error["ErrorDetail"].get("ErrorMessage", ""),
        )
        for error in answer.get("Errors") or ()
    ]


def _check(answer: Mapping[str, Any], doing: str, harmless: str = "") -> None:
    wrong = [f"{'-'.join(values)}: {code} {text}" for code, values, text in _errors(answer) if code != harmless]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise WarehouseError(
            f"Glue did not {doing}: {'; '.join(wrong[:_SHOWN])}{more}. What was done stays; run again for the rest."
        )
