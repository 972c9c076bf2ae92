"""Sources in DuckDB: views that name the files of the newest commits, in place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

from duckdb import DuckDBPyConnection

from tandem.lake.manifest import Manifest
from tandem.lake.partition import Partition
from tandem.lake.store import Store
from tandem.schemas import Decimal, Entity, Type
from tandem.targets.base import Observed
from tandem.targets.commits import current_commits
from tandem.targets.duckdb import ledger
from tandem.targets.duckdb.files import transaction

HIVE_KEYS = ("year", "month", "day")
_TYPES = {
    Type.STRING: "VARCHAR",
    Type.BIGINT: "BIGINT",
    Type.DOUBLE: "DOUBLE",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP",
}


def publish(connection: DuckDBPyConnection, store: Store, entities: Sequence[Entity]) -> dict[str, int]:
    """Let each entity's view name the files of its current manifests; an unchanged view is left alone.

    Returns, per entity, how many partitions changed. Raises WarehouseError for commits of another schema.
    """
    current = {entity: current_commits(store, entity, "make dev") for entity in entities}
    with transaction(connection):
        return {entity.name: _publish(connection, store, entity, found) for entity, found in current.items()}


def published(connection: DuckDBPyConnection) -> set[tuple[Partition, str]]:
    """Every partition and commit that the views name."""
    rows = connection.execute("select system, entity, partition_date, commit from tandem.published").fetchall()
    return {(Partition(system, entity, day), commit) for system, entity, day, commit in rows}


def observe(connection: DuckDBPyConnection, entity: Entity, days: Iterable[date] | None) -> Observed:
    """Rows per partition and nulls per column as the view reads them, and the types it gives."""
    columns = [column.name for column in entity.columns]
    nulls = ", ".join(f'count(*) - count("{name}")' for name in columns)
    counted = connection.execute(
        f"select partition_date, count(*), {nulls} from {_view(entity)} where {_in_days(days)} group by 1 order by 1"  # noqa: S608
    ).fetchall()
    totals = [sum(values) for values in zip(*(row[2:] for row in counted), strict=True)] or [0] * len(columns)
    described = connection.execute(f"describe {_view(entity)}").fetchall()
    types = {name: kind for name, kind, *_ in described if name not in HIVE_KEYS}
    return Observed({row[0]: row[1] for row in counted}, dict(zip(columns, totals, strict=True)), types)


def declared_types(entity: Entity) -> dict[str, str]:
    """The DuckDB type of each declared column."""
    return {column.name: _type(column.type) for column in entity.columns}


def _publish(connection: DuckDBPyConnection, store: Store, entity: Entity, manifests: list[Manifest]) -> int:
    view = _select(entity, [store.uri(path) for manifest in manifests for path in manifest.paths])
    digest = hashlib.sha256(view.encode()).hexdigest()
    key = [entity.system, entity.name]
    known = connection.execute("select digest from tandem.views where system = ? and entity = ?", key).fetchone()
    if known == (digest,):
        return 0
    before = {item for item in published(connection) if (item[0].system, item[0].entity) == tuple(key)}
    connection.execute(f"create schema if not exists {entity.system}_processed")
    connection.execute(f"create or replace view {_view(entity)} as {view}")
    connection.execute("insert or replace into tandem.views values (?, ?, ?)", [*key, digest])
    _record(connection, entity, manifests)
    ledger.advance(connection)
    return len({partition for partition, _ in before ^ {(m.partition, m.commit) for m in manifests}})


def _record(connection: DuckDBPyConnection, entity: Entity, manifests: list[Manifest]) -> None:
    key = [entity.system, entity.name]
    columns = [[getattr(manifest, name) for manifest in manifests] for name in ("commit", "rows", "schema")]
    connection.execute("delete from tandem.published where system = ? and entity = ?", key)
    connection.execute(
        "insert into tandem.published "
        "select ?, ?, unnest(?::date[]), unnest(?::varchar[]), unnest(?::bigint[]), unnest(?::varchar[])",
        [*key, [manifest.partition.day for manifest in manifests], *columns],
    )


def _select(entity: Entity, files: list[str]) -> str:
    if not files:
        typed = [f'cast(null as {kind}) as "{name}"' for name, kind in declared_types(entity).items()]
        keys = [f"cast(null as VARCHAR) as {key}" for key in HIVE_KEYS]
        return f"select {', '.join(typed + keys)} where false"
    columns = ", ".join(f'"{name}"' for name in [*declared_types(entity), *HIVE_KEYS])
    named = ", ".join(f"'{_literal(file)}'" for file in files)
    # Left to guess, DuckDB reads month=10 as a number and month=09 as text.
    options = "union_by_name = true, hive_partitioning = true, hive_types_autocast = false"
    return f"select {columns} from read_parquet([{named}], {options})"  # noqa: S608


def _literal(file: str) -> str:
    escaped = "".join(f"[{character}]" if character in "[*?" else character for character in file)
    return escaped.replace("'", "''")


def _in_days(days: Iterable[date] | None) -> str:
    if days is None:
        return "true"
    # A comparison of the bare Hive keys is what keeps DuckDB from opening the other files.
    wanted = ", ".join(f"('{day:%Y}', '{day:%m}', '{day:%d}')" for day in sorted(days))
    return f"(year, month, day) in ({wanted})" if wanted else "false"


def _view(entity: Entity) -> str:
    return f"{entity.system}_processed.{entity.name}"


def _type(declared: Type | Decimal) -> str:
    if isinstance(declared, Decimal):
        return f"DECIMAL({declared.precision},{declared.scale})"
    return _TYPES[declared]
