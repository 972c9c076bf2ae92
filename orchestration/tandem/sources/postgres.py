"""PostgreSQL by ADBC: what columns a table has, and its rows as a stream of Arrow batches; nothing else.

Source: https://arrow.apache.org/adbc/current/driver/postgresql.html (the driver fetches by binary COPY).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_postgresql import StatementOptions, dbapi
from pydantic import SecretStr

from tandem.errors import SourceRefused
from tandem.sources.postgres_failures import explained

BATCH_BYTES = 1 << 20  # of COPY's own format; larger batches are no faster and cost memory
CONNECT_SECONDS = 10
# A network that died in silence is noticed within about two minutes.
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 120_000}
LOCK_WAIT = "60s"
# What the driver turns into Arrow as it is. All else comes as PostgreSQL writes it: the driver would hand numerics over
# as text as well, three times as slowly, and types it does not know as bytes.
NATIVE = {
    *("boolean", "smallint", "integer", "bigint", "real", "double precision", "text", "character varying"),
    *("character", "date", "timestamp without time zone", "timestamp with time zone"),
}
COLUMNS = """
select a.attname::text,
  pg_catalog.format_type(case t.typtype when 'd' then t.typbasetype else t.oid end, null),
  t.typcategory in ('S', 'E')
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = a.atttypid
where n.nspname = {schema} and c.relname = {table} and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


@dataclass(frozen=True)
class Server:
    """Where a database is and who asks; the password is not shown."""

    host: str
    port: int
    database: str
    schema: str
    user: str
    password: SecretStr
    sslmode: str

    def uri(self) -> str:
        """For libpq, everything quoted; contains the password."""
        parts = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password.get_secret_value(),
            "sslmode": self.sslmode,
            "client_encoding": "UTF8",
            "connect_timeout": CONNECT_SECONDS,
            **ALIVE,
        }
        given = {name: str(value) for name, value in parts.items() if value != ""}
        return f"postgresql:///?{urlencode(given, quote_via=quote, safe='')}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: PostgreSQL's name of its type (a domain's is that of its base), and whether it is a text."""

    name: str
    type: str
    is_text: bool


class Changes(NamedTuple):
    """The rows of a span of time, by the column that says when they changed; `begin` None: ever before its end.

    Those that do not say when they changed come when they were made in the span, by the column `made_by`, and all of
    them when it has no beginning: asked for each time, they would soon outnumber the changes of a day.
    """

    by: str
    begin: datetime | None
    before: datetime
    made_by: str | None = None


class Postgres:
    """One connection to a database. Use it as a context manager, from one thread at a time."""

    def __init__(self, server: Server) -> None:
        """Raises SourceRefused or SourceUnavailable."""
        self.server = server
        with explained(server):
            database = _database(server.uri())
            self._connection = dbapi.Connection(_Kept(), adbc_driver_manager.AdbcConnection(database))

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        # What is left of a connection that broke may refuse even that.
        with suppress(adbc_driver_manager.Error):
            self._connection.close()

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """One transaction that may only read, in UTC; `name` is what the server's administrator sees us called.

        All in one statement and one transaction, so it also holds through a pooler.
        """
        wanted = {
            "application_name": name,
            "timezone": "UTC",
            "transaction_read_only": "on",
            "lock_timeout": LOCK_WAIT,
            # Equal tables then give equal bytes.
            "synchronize_seqscans": "off",
            "max_parallel_workers_per_gather": "0",
        }
        calls = (f"pg_catalog.set_config({_text(key)}, {_text(value)}, true)" for key, value in wanted.items())
        self._ask(f"select {', '.join(calls)}")
        try:
            yield
        finally:
            with suppress(adbc_driver_manager.Error):
                self._connection.rollback()

    def columns(self, table: str) -> list[TableColumn]:
        """The columns of a table or view, in its order; raises SourceRefused when there is none of that name."""
        schema = self.server.schema
        found = self._ask(COLUMNS.format(schema=_text(schema), table=_text(table)))
        if not found:
            raise SourceRefused(
                f"{self.server} has no table {schema}.{table}, or none that this user may know of. "
                "Check POSTGRES_DATABASE, POSTGRES_SCHEMA and the rights of POSTGRES_USER."
            )
        return [TableColumn(*row) for row in found]

    def rows(
        self, table: str, columns: Sequence[TableColumn], changes: Changes
    ) -> Generator[pa.RecordBatch, None, None]:
        """The rows that changed, in no particular order.

        The first batch may be empty: it then says what the columns are. Memory holds one batch at a time.
        """
        query = self._query(table, columns, changes)
        with explained(self.server), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
            cursor.execute(query)
            reader = cursor.fetch_record_batch()
            try:
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
                yield from reader
            except GeneratorExit:
                # Closing alone would read all the rest first.
                cursor.adbc_cancel()
                raise

    def _query(self, table: str, columns: Sequence[TableColumn], changes: Changes) -> str:
        chosen = ", ".join(_selected(column) for column in columns)
        unknown = f"{_name(changes.by)} is null"
        conditions = [_within(changes.by, changes)]
        if changes.begin is None:
            conditions.append(unknown)
        elif changes.made_by:
            conditions.append(f"{unknown} and {_within(changes.made_by, changes)}")
        source = f"{_name(self.server.schema)}.{_name(table)}"
        return f"select {chosen} from {source} where {' or '.join(conditions)}"  # noqa: S608

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        with explained(self.server), self._connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())


class _Kept:
    """What a connection is told to close in place of its database, which others go on using."""

    def close(self) -> None:
        """Nothing."""


@lru_cache
def _database(uri: str) -> adbc_driver_manager.AdbcDatabase:
    # Opening one reads the server's whole catalogue of types: that takes longer than a day's changes do.
    return adbc_driver_postgresql.connect(uri)


def _selected(column: TableColumn) -> str:
    name = _name(column.name)
    return name if column.type in NATIVE else f"{name}::text as {name}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    # E'' means the same whatever standard_conforming_strings is set to.
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def _within(column: str, changes: Changes) -> str:
    since = f"{_name(column)} >= {_moment(changes.begin)} and " if changes.begin else ""
    return f"{since}{_name(column)} < {_moment(changes.before)}"


def _moment(moment: datetime) -> str:
    return f"timestamptz '{moment.isoformat(sep=' ')}'"
