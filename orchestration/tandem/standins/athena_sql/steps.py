"""What a statement comes to: steps for Trino or for the catalogue, and how Athena names the statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CATALOG = "awsdatacatalog"
ICEBERG = "iceberg"
# The engine counts open partitions for each of its writers; Athena's limit is one for the statement.
ONE_WRITER = {
    "task_writer_count": "1",
    "task_partitioned_writer_count": "1",
    "task_scale_writers_enabled": "false",
}


@dataclass(frozen=True)
class Rows:
    """A small result: columns as (name, Athena type), values as Athena prints them.

    DESCRIBE names three columns and answers one tab-separated value a row, as Athena does.
    """

    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)


@dataclass(frozen=True)
class TrinoStep:
    """A statement for Trino, the catalogue and schema it is read in, and session properties."""

    sql: str
    catalog: str = CATALOG
    schema: str = "default"
    session: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LocalStep:
    """Work on Glue and S3: `run` answers its rows, raises Refused if Athena would refuse."""

    run: Callable[[], Rows]


Step = TrinoStep | LocalStep


@dataclass(frozen=True)
class Relation:
    """A table, view or database's name in the one catalogue, in lower case."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def quoted(self, catalog: str = CATALOG) -> str:
        """The name as Trino reads it."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in (catalog, self.schema, self.name))


@dataclass(frozen=True)
class Session:
    """Where a statement is run: the database of its context, and boto3 clients of the catalogue and store."""

    database: str
    region: str
    glue: Any
    s3: Any
    output_location: str


@dataclass(frozen=True)
class Plan:
    """The steps of one statement, to be run in order; the result is the last one's.

    `kind` is Athena's StatementType (DML, DDL, UTILITY), `substatement_type` its SubstatementType.
    `writes` is the table or view that it makes or changes, `query` the text of the SELECT of a CTAS, view or UNLOAD.
    `destination` is where an UNLOAD or CTAS writes.
    """

    kind: str
    substatement_type: str
    steps: tuple[Step, ...]
    writes: Relation | None = None
    query: str = ""
    destination: str = ""

    @property
    def statement_type(self) -> str:
        """Athena's StatementType."""
        return self.kind
