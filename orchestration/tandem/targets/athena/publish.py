"""Sources on Athena: Glue tables whose partitions point at the folders of the newest commits.

Moving a partition is one change of its location, so a reader sees the old day or the new one. Nothing is guessed:
no crawler, no projection, no MSCK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from tandem.errors import WarehouseError
from tandem.lake.manifest import Manifest
from tandem.lake.partition import Zone
from tandem.lake.store import Store, in_parallel
from tandem.schemas import Column, Decimal, Entity, Type
from tandem.targets.athena.catalog import COMMIT, SCHEMA, Catalog, Shown, Values

HIVE_KEYS = ("year", "month", "day")
COMMENT_BYTES = 255
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
    "NumberOfBuckets": -1,
}

Table = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """An entity and its newest commits, and the database and lake that it is published from and to."""

    database: str
    entity: Entity
    store: Store
    commits: Sequence[Manifest]


def publish(catalog: Catalog, sources: Sequence[Source]) -> dict[str, int]:
    """Let each table's partitions point at the newest commits; what is as it should be is left alone.

    Returns, per entity, how many partitions changed. Raises WarehouseError, before anything is changed, for a column
    of another type than the table has, or a table that is not Tandem's.
    """
    tables = {database: catalog.tables(database) for database in {source.database for source in sources}}
    changes = [
        (source, _table_change(source, (tables[source.database] or {}).get(source.entity.name))) for source in sources
    ]
    for database in [name for name, found in tables.items() if found is None]:
        catalog.create_database(database, "Processed zone: the current commit of every partition, published by Tandem.")
    for source, (is_new, table) in changes:
        if table:
            (catalog.create_table if is_new else catalog.update_table)(source.database, table)
    return {source.entity.name: _publish_partitions(catalog, source) for source, _ in changes}


def published(catalog: Catalog, database: str) -> dict[str, dict[date, str]]:
    """Per entity that was published to a database, the commit that each partition shows."""
    tables = catalog.tables(database) or {}
    ours = sorted(name for name, table in tables.items() if SCHEMA in table.get("Parameters", {}))
    found = in_parallel(lambda name: catalog.partitions(database, name), ours)
    return {name: dict(_days(partitions)) for name, partitions in zip(ours, found, strict=True)}


def glue_type(declared: Type | Decimal) -> str:
    """The name of a logical type in Glue and Hive."""
    return f"decimal({declared.precision},{declared.scale})" if isinstance(declared, Decimal) else declared.value


def _table_change(source: Source, found: Table | None) -> tuple[bool, Table | None]:
    """Whether the table is new, and the definition to write, None for one that is as it should be."""
    wanted = _table(source)
    if found is None:
        return True, wanted
    where = f"{source.database}.{source.entity.name}"
    if SCHEMA not in found.get("Parameters", {}):
        raise WarehouseError(
            f"The table {where} in Glue was not made by Tandem. Rename or drop it, or set TANDEM_NAMESPACE."
        )
    _check_types(where, found, source.entity)
    # Parameters that others have set, a data owner say, are theirs to keep.
    wanted["Parameters"] = {**found["Parameters"], **wanted["Parameters"]}
    return False, None if _compared(found) == _compared(wanted) else wanted


def _check_types(where: str, found: Table, entity: Entity) -> None:
    has = {column["Name"]: column.get("Type", "") for column in found["StorageDescriptor"]["Columns"]}
    wrong = [
        f"{column.name} is {has[column.name]}, declared {glue_type(column.type)}"
        for column in entity.columns
        if column.name in has and has[column.name] != glue_type(column.type)
    ]
    if wrong:
        raise WarehouseError(
            f"The table {where} in Glue cannot take the declared types: {'; '.join(wrong)}. Nothing was changed. "
            "A column may be added, its type may not change under a reader. Give the column a new name, or take the "
            f"table out of the catalogue (its files stay in the lake) and run again: aws glue delete-table "
            f"--database-name {where.partition('.')[0]} --name {entity.name}"
        )


def _compared(table: Table) -> tuple[object, ...]:
    storage = table["StorageDescriptor"]
    columns = [(column["Name"], column.get("Type"), column.get("Comment", "")) for column in storage["Columns"]]
    return columns, storage.get("Location"), table["Parameters"], table.get("Description", "")


def _table(source: Source) -> Table:
    entity = source.entity
    return {
        "Name": entity.name,
        "Description": entity.description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", SCHEMA: entity.fingerprint},
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in HIVE_KEYS],
        "StorageDescriptor": {
            **_PARQUET,
            "Columns": [_column(column) for column in entity.columns],
            "Location": f"{source.store.uri(f'{Zone.PROCESSED}/{entity.system}/{entity.name}')}/",
        },
    }


def _column(column: Column) -> dict[str, str]:
    comment = column.description.encode()[:COMMENT_BYTES].decode(errors="ignore")
    return {"Name": column.name, "Type": glue_type(column.type), "Comment": comment}


def _publish_partitions(catalog: Catalog, source: Source) -> int:
    table = source.database, source.entity.name
    shown = catalog.partitions(*table)
    wanted = {_values(manifest): manifest for manifest in source.commits}
    moved = {
        key: _partition(source, manifest)
        for key, manifest in wanted.items()
        if shown.get(key) != _destination(source, manifest)
    }
    catalog.create_partitions(*table, [partition for key, partition in moved.items() if key not in shown])
    catalog.update_partitions(*table, [partition for key, partition in moved.items() if key in shown])
    gone = [key for key in shown if key not in wanted]
    catalog.delete_partitions(*table, gone)
    return len(moved) + len(gone)


def _partition(source: Source, manifest: Manifest) -> dict[str, Any]:
    columns = [{"Name": column.name, "Type": glue_type(column.type)} for column in source.entity.columns]
    location = _destination(source, manifest).location
    return {
        "Values": list(_values(manifest)),
        "StorageDescriptor": {**_PARQUET, "Columns": columns, "Location": location},
        "Parameters": {COMMIT: manifest.commit, SCHEMA: manifest.schema, "rows": str(manifest.rows)},
    }


def _destination(source: Source, manifest: Manifest) -> Shown:
    return Shown(manifest.commit, f"{source.store.uri(f'{manifest.folder}/commit={manifest.commit}')}/")


def _values(manifest: Manifest) -> Values:
    day = manifest.partition.day
    return f"{day:%Y}", f"{day:%m}", f"{day:%d}"


def _days(partitions: Mapping[Values, Shown]) -> Iterator[tuple[date, str]]:
    for values, shown in partitions.items():
        # What somebody else added is nothing that models may be built from; the next publish takes it out.
        with suppress(ValueError):
            day = date.fromisoformat("-".join(values))
            if shown.commit:
                yield day, shown.commit
