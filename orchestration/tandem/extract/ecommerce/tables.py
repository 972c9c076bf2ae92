"""The shop's PostgreSQL tables: the rows that changed, as Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from tandem.extract.address import address_of
from tandem.extract.drift import Observed, check, types_of
from tandem.extract.parquet import parquet_files
from tandem.extract.watermark import Window
from tandem.lake.raw import ATTEMPT, Capture
from tandem.lake.store import Store
from tandem.schemas import Entity, Kind
from tandem.settings import Settings
from tandem.sources.postgres import Changes, Postgres, Server, TableColumn

MADE_BY = "created_at"
# PostgreSQL's names of types: https://www.postgresql.org/docs/current/datatype.html
KINDS = {
    **dict.fromkeys(("smallint", "integer", "bigint"), Kind.INTEGER),
    **dict.fromkeys(("numeric", "real", "double precision"), Kind.NUMBER),
    **dict.fromkeys(("timestamp without time zone", "timestamp with time zone"), Kind.TIMESTAMP),
    **dict.fromkeys(("json", "jsonb"), Kind.OBJECT),
    "uuid": Kind.TEXT,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
}


class Tables:
    """The tables of one database."""

    def __init__(self, source: Postgres) -> None:
        self._source = source

    def land(self, capture: Capture, entity: Entity, window: Window) -> list[str]:
        """Add the rows changed in a window to a capture; returns notices, raises SchemaChanged before a row is read."""
        assert entity.changed_by is not None
        with self._source.reading(f"tandem {entity.system} {window.day}"):
            columns = self._source.columns(entity.name)
            observed = _observed(columns)
            notices = check(entity, f"table {entity.name}", observed, before=_types_before(window))
            origin = {"table": entity.name, **_said(window), "columns": types_of(observed)}
            made_by = MADE_BY if MADE_BY in {column.name for column in columns} else None
            changes = Changes(entity.changed_by, window.changed_from, window.changed_before, made_by)
            rows = self._source.rows(entity.name, columns, changes)
            with closing(rows), closing(parquet_files(rows)) as files:
                for page, file in enumerate(files, start=1):
                    about = {**origin, "page": page, "rows": file.rows}
                    capture.add(f"rows-{page:04}", file.payload, about, suffix="parquet")
        return notices


@contextmanager
def open_tables(settings: Settings, lake: Store) -> Iterator[Tables]:
    """The shop's PostgreSQL that the settings name; raises SettingsError, SourceRefused or SourceUnavailable."""
    with open_postgres(settings) as source:
        yield Tables(source)


def open_postgres(settings: Settings) -> Postgres:
    """A connection to the PostgreSQL that the settings name; raises as `open_tables` does."""
    return Postgres(
        Server(
            address_of(settings, "POSTGRES_HOST"),
            settings.postgres_port,
            settings.postgres_database,
            settings.postgres_schema,
            settings.postgres_user,
            settings.postgres_password,
            settings.postgres_sslmode,
        )
    )


def look(settings: Settings) -> str:
    """Where the shop's PostgreSQL is, when it lets us in; raises as `open_tables` does."""
    with open_postgres(settings) as source:
        return str(source.server)


def _observed(columns: Sequence[TableColumn]) -> list[Observed]:
    return [Observed(column.name, _kind(column), column.type) for column in columns]


def _kind(column: TableColumn) -> Kind | None:
    if column.is_text:
        return Kind.TEXT
    return Kind.LIST if column.type.endswith("[]") else KINDS.get(column.type)


def _types_before(window: Window) -> dict[str, str]:
    files = window.earlier.files if window.earlier else ()
    newest = max(files, key=lambda file: file.origin.get(ATTEMPT, 0), default=None)
    return dict(newest.origin.get("columns", {})) if newest else {}


def _said(window: Window) -> dict[str, str | None]:
    begin = window.changed_from.isoformat() if window.changed_from else None
    return {"changed_from": begin, "changed_before": window.changed_before.isoformat()}
