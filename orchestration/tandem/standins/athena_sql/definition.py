"""Reads Hive's CREATE [EXTERNAL] TABLE."""

from __future__ import annotations

from dataclasses import dataclass, field

from tandem.standins.athena_sql import tables
from tandem.standins.athena_sql.hive_types import read_type
from tandem.standins.athena_sql.steps import Relation, Session
from tandem.standins.athena_sql.tokens import Cursor


@dataclass(frozen=True)
class Column:
    """A column: its name, its type for Glue and for Trino, its comment."""

    name: str
    type: str
    trino_type: str
    comment: str = ""

    @property
    def glue(self) -> dict[str, str]:
        """The column as Glue keeps it."""
        return {"Name": self.name, "Type": self.type} | ({"Comment": self.comment} if self.comment else {})


@dataclass
class Definition:
    """What a CREATE TABLE says; `partitions` are columns, or in an Iceberg table the transforms in Trino's words."""

    relation: Relation
    external: bool
    if_not_exists: bool
    columns: list[Column]
    comment: str = ""
    partitions: list[Column] = field(default_factory=list)
    transforms: list[str] = field(default_factory=list)
    bucket_columns: list[str] = field(default_factory=list)
    buckets: int = 0
    serde: str = ""
    serde_properties: dict[str, str] = field(default_factory=dict)
    stored: str = ""
    formats: tuple[str, str] = ("", "")
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)


def read_definition(text: str, session: Session) -> Definition:
    """Read CREATE [EXTERNAL] TABLE; raises Refused for what Athena's parser does not know."""
    cursor = Cursor(text)
    cursor.expect("CREATE")
    external = cursor.take("EXTERNAL")
    cursor.expect("TABLE")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = tables.relation(cursor.names(), session)
    found = Definition(name, external, if_not_exists, read_columns(cursor))
    while not cursor.done:
        _read_clause(cursor, found)
    return found


def read_columns(cursor: Cursor) -> list[Column]:
    """Read a bracket of columns."""
    cursor.expect("(")
    columns = [read_column(cursor)]
    while cursor.take(","):
        columns.append(read_column(cursor))
    cursor.expect(")")
    return columns


def read_column(cursor: Cursor) -> Column:
    """Read a column's name, type and comment."""
    name = cursor.name()
    hive, trino = read_type(cursor)
    return Column(name, hive, trino, cursor.string() if cursor.take("COMMENT") else "")


def read_properties(cursor: Cursor) -> dict[str, str]:
    """Read a bracket of 'key' = 'value'."""
    cursor.expect("(")
    found: dict[str, str] = {}
    while True:
        key = cursor.string()
        cursor.expect("=")
        found[key] = cursor.string()
        if cursor.take(")"):
            return found
        cursor.expect(",")


def _read_clause(cursor: Cursor, found: Definition) -> None:
    if cursor.take("COMMENT"):
        found.comment = cursor.string()
    elif cursor.take("PARTITIONED", "BY"):
        _read_partitions(cursor, found)
    elif cursor.take("CLUSTERED", "BY"):
        _read_buckets(cursor, found)
    elif cursor.take("ROW", "FORMAT", "SERDE"):
        found.serde = cursor.string()
        if cursor.take("WITH", "SERDEPROPERTIES"):
            found.serde_properties |= read_properties(cursor)
    elif cursor.take("ROW", "FORMAT", "DELIMITED"):
        _read_delimiters(cursor, found)
    elif cursor.take("STORED", "AS", "INPUTFORMAT"):
        entry = cursor.string()
        cursor.expect("OUTPUTFORMAT")
        found.formats = (entry, cursor.string())
    elif cursor.take("STORED", "AS"):
        found.stored = cursor.name().upper()
    elif cursor.take("LOCATION"):
        found.location = cursor.string()
    elif cursor.take("TBLPROPERTIES"):
        found.properties = read_properties(cursor)
    else:
        raise cursor.mismatch("a clause of CREATE TABLE")


def _read_partitions(cursor: Cursor, found: Definition) -> None:
    cursor.expect("(")
    while True:
        start = cursor.position
        name = cursor.name()
        if cursor.at("(") or cursor.at(",") or cursor.at(")"):
            found.transforms.append(_transform(cursor, name))
        else:
            cursor.position = start
            found.partitions.append(read_column(cursor))
        if cursor.take(")"):
            return
        cursor.expect(",")


def _transform(cursor: Cursor, name: str) -> str:
    if not cursor.take("("):
        return name
    if name in ("bucket", "truncate"):
        size = cursor.number()
        cursor.expect(",")
        column = cursor.name()
        cursor.expect(")")
        return f"{name}({column}, {size})"
    column = cursor.name()
    cursor.expect(")")
    return f"{name}({column})"


def _read_buckets(cursor: Cursor, found: Definition) -> None:
    cursor.expect("(")
    found.bucket_columns = [cursor.name()]
    while cursor.take(","):
        found.bucket_columns.append(cursor.name())
    cursor.expect(")", "INTO")
    found.buckets = cursor.number()
    cursor.expect("BUCKETS")


def _read_delimiters(cursor: Cursor, found: Definition) -> None:
    clauses = {
        "field.delim": ("FIELDS", "TERMINATED", "BY"),
        "escape.delim": ("ESCAPED", "BY"),
        "collection.delim": ("COLLECTION", "ITEMS", "TERMINATED", "BY"),
        "mapkey.delim": ("MAP", "KEYS", "TERMINATED", "BY"),
        "line.delim": ("LINES", "TERMINATED", "BY"),
        "serialization.null.format": ("NULL", "DEFINED", "AS"),
    }
    reading = True
    while reading:
        reading = False
        for key, words in clauses.items():
            if cursor.take(*words):
                found.serde_properties[key] = cursor.string()
                reading = True
