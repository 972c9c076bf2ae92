"""DuckDB: a private build file that runs write, and a copy of it that everybody may read.

DuckDB lets nobody else open a file while one process writes to it. So publish, dbt and the ledger work on
`warehouse.build.duckdb`, one at a time through a gate; `warehouse.duckdb` is replaced as a whole after success.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from tandem.blame import Refusal
from tandem.errors import WarehouseError
from tandem.lake.partition import Partition
from tandem.lake.store import Store
from tandem.schemas import Entity
from tandem.settings import TargetName
from tandem.targets import project as dbt_project
from tandem.targets.base import Observed, Owed
from tandem.targets.duckdb import ledger, publish
from tandem.targets.duckdb.dbt_connections import close_dbt_connections
from tandem.targets.duckdb.files import checkpoint, connected, serve_copy
from tandem.targets.duckdb.gate import Gate

GATE_SECONDS = 900.0
STREAM_ROWS = 10_000


class DuckDBTarget:
    """The DuckDB warehouse in a state folder; implements `tandem.targets.base.Target`."""

    name = TargetName.DUCKDB

    def __init__(
        self, state: Path, project: Path = dbt_project.DBT_PROJECT, wait_seconds: float = GATE_SECONDS
    ) -> None:
        self.build = state / "warehouse.build.duckdb"
        self.served = state / "warehouse.duckdb"
        self._project = project
        self._gate = Gate(state / "warehouse.lock", wait_seconds)

    def publish(self, store: Store, entities: Sequence[Entity]) -> dict[str, int]:
        """Let the sources name the newest commits; returns, per entity, how many partitions changed."""
        with self._opened("publishing sources") as connection:
            return publish.publish(connection, store, entities)

    def published(self) -> frozenset[tuple[Partition, str]]:
        """Every commit that the build file or its readers' copy names."""
        with self._gate.held("listing published commits"):
            return frozenset().union(*map(_published_in, (self.build, self.served)))

    def observe(self, entity: Entity, days: Iterable[date] | None = None) -> Observed:
        """Rows per partition, nulls per column and types of a source, as DuckDB reads it."""
        with self._opened("validating sources") as connection:
            return publish.observe(connection, entity, days)

    def declared_types(self, entity: Entity) -> dict[str, str]:
        """The DuckDB types that `observe` must find."""
        return publish.declared_types(entity)

    def rows_per_partition(self, relation: str, days: Iterable[date] | None = None) -> dict[date, int]:
        """Rows of `schema.table` per partition_date, in the build file."""
        name = ".".join(f'"{part}"' for part in relation.split("."))
        wanted = None if days is None else list(days)
        sql = (
            f"select partition_date, count(*) from {name} "  # noqa: S608
            "where $1 is null or list_contains($1::date[], partition_date) group by 1 order by 1"
        )
        with self._opened("counting rows") as connection:
            return dict(connection.execute(sql, [wanted]).fetchall())

    def owed(self, system: str) -> Owed:
        """What the system's models must still be built from."""
        models = dbt_project.model_names(system, self._project)
        fingerprint = dbt_project.fingerprint(system, self._project)
        with self._opened("reading the ledger") as connection:
            return ledger.owed(connection, system, models, fingerprint)

    def record_built(self, owed: Owed, models: Iterable[str] | None = None) -> None:
        """Note that models (default: all of the system) were built from these commits."""
        names = list(dbt_project.model_names(owed.system, self._project) if models is None else models)
        with self._opened("writing the ledger") as connection:
            ledger.record_built(connection, owed, names)

    def snapshot(self) -> Path:
        """Replace the readers' file by the present state of the build file, unless it already shows that."""
        with self._gate.held("serving the warehouse to readers"):
            if _generation_in(self.build) != _generation_in(self.served) or not self.served.exists():
                checkpoint(self.build)
                serve_copy(self.build, self.served)
        return self.served

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a statement on the readers' file; it never waits for a run."""
        with self._reading() as connection:
            result = connection.execute(sql)
            return [column[0] for column in result.description or ()], result.fetchall()

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement on the readers' file, a batch in memory at a time."""
        with self._reading() as connection:
            result = connection.execute(sql)
            while rows := result.fetchmany(STREAM_ROWS):
                yield from rows

    def schema_name(self, name: str) -> str:
        """A schema's name; the file is nobody else's and has no namespace."""
        return name

    def refusals(self, since: datetime) -> Sequence[Refusal]:
        """None: DuckDB keeps no record, and its messages show the line."""
        return ()

    @contextmanager
    def dbt_session(self, description: str) -> Iterator[dict[str, str]]:
        """Let dbt have the build file for the block, and take it back after it, connections and all."""
        with self._gate.held(description):
            try:
                # A namespace keeps apart those who share a catalogue; this file is nobody else's.
                yield {"TANDEM_DUCKDB_PATH": str(self.build.absolute()), "TANDEM_NAMESPACE": ""}
            finally:
                close_dbt_connections()

    @contextmanager
    def _reading(self) -> Iterator[DuckDBPyConnection]:
        if not self.served.exists():
            raise WarehouseError(f"There is no warehouse yet ({self.served}). Run `make dev` first.")
        with connected(self.served, read_only=True) as connection:
            yield connection

    @contextmanager
    def _opened(self, purpose: str) -> Iterator[DuckDBPyConnection]:
        with self._gate.held(purpose), connected(self.build) as connection:
            connection.execute(ledger.TABLES)
            yield connection


def _published_in(path: Path) -> set[tuple[Partition, str]]:
    if not path.exists():
        return set()
    with connected(path, read_only=True) as connection:
        return publish.published(connection)


def _generation_in(path: Path) -> int | None:
    try:
        if not path.exists():
            return None
        with connected(path, read_only=True) as connection:
            return ledger.generation(connection)
    except WarehouseError:
        # A reader may have it open for writing, or damaged it; either way it is replaced.
        return None
