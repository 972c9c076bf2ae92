"""Partitions of Hive tables: ADD, DROP, RENAME, SET LOCATION and MSCK REPAIR, on Glue and S3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.hive_ddl import execution_error, semantic
from tandem.standins.athena_sql.steps import Relation, Rows, Session
from tandem.standins.athena_sql.tokens import Cursor

Spec = dict[str, str]


def read_spec(cursor: Cursor) -> Spec:
    """Read `(key = value, …)`; raises Refused for any comparison but equality."""
    cursor.expect("(")
    spec: Spec = {}
    while True:
        key = cursor.name()
        cursor.expect("=")
        token = cursor.tokens[cursor.position] if not cursor.done else None
        spec[key] = cursor.next().text if token and token.kind == "number" else cursor.string()
        if cursor.take(")"):
            return spec
        cursor.expect(",")


def read_added(cursor: Cursor) -> list[tuple[Spec, str]]:
    """Read the partitions of ADD PARTITION, each with its location or nothing."""
    added: list[tuple[Spec, str]] = []
    while cursor.take("PARTITION"):
        added.append((read_spec(cursor), cursor.string() if cursor.take("LOCATION") else ""))
    cursor.end()
    return added


def read_dropped(cursor: Cursor) -> list[Spec]:
    """Read the partitions of DROP PARTITION."""
    dropped: list[Spec] = []
    while True:
        cursor.expect("PARTITION")
        dropped.append(read_spec(cursor))
        if not cursor.take(","):
            cursor.end()
            return dropped


def add(name: Relation, added: list[tuple[Spec, str]], if_not_exists: bool, session: Session) -> Rows:
    """Add partitions, none if one exists already and that was not allowed for."""
    table = _hive(name, session)
    there = {tuple(entry["Values"]) for entry in partitions(name, session)}
    wanted: dict[tuple[str, ...], str] = {}
    for spec, location in added:
        values = _values(table, spec)
        if values in there and not if_not_exists:
            raise execution_error(f"AlreadyExistsException(message:Partition already exists: {list(values)})")
        if values not in there:
            wanted[values] = location or default_location(table, values)
    _create(name, table, wanted, session)
    return Rows()


def drop(name: Relation, dropped: list[Spec], if_exists: bool, session: Session) -> Rows:
    """Drop every partition that fits one of the specifications, which need not name all keys."""
    table = _hive(name, session)
    keys = _keys(table)
    found = [tuple(entry["Values"]) for entry in partitions(name, session)]
    gone: dict[tuple[str, ...], None] = {}
    for spec in dropped:
        _known(keys, spec)
        fitting = [values for values in found if spec.items() <= dict(zip(keys, values, strict=True)).items()]
        if not fitting and not if_exists:
            raise semantic(f"[Error 10006]: Partition not found {spec}")
        gone |= dict.fromkeys(fitting)
    for batch in _batches(list(gone), 25):
        to_delete = [{"Values": list(values)} for values in batch]
        session.glue.batch_delete_partition(DatabaseName=name.schema, TableName=name.name, PartitionsToDelete=to_delete)
    return Rows()


def rename(name: Relation, old: Spec, new: Spec, session: Session) -> Rows:
    """Give a partition other values; its files stay where they are."""
    table = _hive(name, session)
    return _update(name, _values(table, old), {"Values": list(_values(table, new))}, session)


def relocate(name: Relation, spec: Spec, location: str, session: Session) -> Rows:
    """Let a partition lie elsewhere."""
    tables.split_url(location)
    return _update(name, _values(_hive(name, session), spec), {"Location": location}, session)


def repair(name: Relation, session: Session) -> Rows:
    """Add the partitions whose folders lie under the table's location, as MSCK REPAIR TABLE does."""
    table = _hive(name, session)
    keys = _keys(table)
    bucket, prefix = tables.split_url(table["StorageDescriptor"]["Location"])
    there = {tuple(entry["Values"]) for entry in partitions(name, session)}
    found: dict[tuple[str, ...], str] = {}
    for folder in _folders(bucket, prefix, keys, session):
        parts = folder[len(prefix) :].strip("/").split("/")
        values = tuple(unquote(part.split("=", 1)[1]) for part in parts)
        if values not in there:
            found[values] = f"s3://{bucket}/{folder}"
    _create(name, table, found, session)
    lines: list[list[str | None]] = [[f"Partitions not in metastore:\t{name}:{_path(keys, v)}"] for v in found]
    return Rows([("result", "string")], lines)


def partitions(name: Relation, session: Session) -> list[dict[str, Any]]:
    """All of Glue's partitions of a table, without their columns."""
    pages = session.glue.get_paginator("get_partitions").paginate(
        DatabaseName=name.schema, TableName=name.name, ExcludeColumnSchema=True
    )
    return [entry for page in pages for entry in page["Partitions"]]


def shown(table: dict[str, Any], values: Sequence[str]) -> str:
    """`year=2026/month=01`, as SHOW PARTITIONS prints it."""
    return _path(_keys(table), values)


def default_location(table: dict[str, Any], values: Sequence[str]) -> str:
    """Where a partition lies that names no place."""
    return f"{table['StorageDescriptor']['Location'].rstrip('/')}/{shown(table, values)}/"


def _create(name: Relation, table: dict[str, Any], wanted: dict[tuple[str, ...], str], session: Session) -> None:
    entries = [
        {"Values": list(values), "StorageDescriptor": table["StorageDescriptor"] | {"Location": location}}
        for values, location in wanted.items()
    ]
    for batch in _batches(entries, 100):
        answer = session.glue.batch_create_partition(
            DatabaseName=name.schema, TableName=name.name, PartitionInputList=batch
        )
        if answer.get("Errors"):
            raise execution_error(str(answer["Errors"][0]))


def _update(name: Relation, values: tuple[str, ...], changed: dict[str, Any], session: Session) -> Rows:
    place = {"DatabaseName": name.schema, "TableName": name.name}
    try:
        entry = session.glue.get_partition(**place, PartitionValues=list(values))["Partition"]
    except session.glue.exceptions.EntityNotFoundException as error:
        raise semantic(f"[Error 10006]: Partition not found {list(values)}") from error
    storage = entry["StorageDescriptor"]
    if "Location" in changed:
        storage = storage | {"Location": changed["Location"]}
    partition = {
        "Values": changed.get("Values", list(values)),
        "StorageDescriptor": storage,
        "Parameters": entry.get("Parameters", {}),
    }
    session.glue.update_partition(**place, PartitionValueList=list(values), PartitionInput=partition)
    return Rows()


def _hive(name: Relation, session: Session) -> dict[str, Any]:
    table = tables.need(session, name)
    if not table.get("PartitionKeys"):
        raise semantic(f"[Error 10241]: Table {name} is not partitioned")
    return table


def _keys(table: dict[str, Any]) -> list[str]:
    return [key["Name"] for key in table["PartitionKeys"]]


def _known(keys: list[str], spec: Spec) -> None:
    for key in spec:
        if key not in keys:
            raise semantic(f"[Error 10098]: {key} is not a partition column")


def _values(table: dict[str, Any], spec: Spec) -> tuple[str, ...]:
    keys = _keys(table)
    _known(keys, spec)
    if len(spec) != len(keys):
        raise semantic(f"Partition spec {spec} does not name all of the partition columns {keys}")
    return tuple(spec[key] for key in keys)


def _path(keys: Sequence[str], values: Sequence[str]) -> str:
    return "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))


def _folders(bucket: str, prefix: str, keys: list[str], session: Session) -> Iterator[str]:
    if not keys:
        yield prefix
        return
    pages = session.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    for page in pages:
        for entry in page.get("CommonPrefixes", []):
            if entry["Prefix"][len(prefix) :].startswith(f"{keys[0]}="):
                yield from _folders(bucket, entry["Prefix"], keys[1:], session)


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
