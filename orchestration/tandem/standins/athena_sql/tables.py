"""What the catalogue knows of a table, and the names of tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tandem.errors import Refused
from tandem.standins.athena_sql.steps import CATALOG, Relation, Session

# What a TableInput may hold; the other fields of an answer are Glue's own.
_INPUT = (
    *("Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention", "StorageDescriptor"),
    *("PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable"),
)


def relation(parts: Sequence[str], session: Session) -> Relation:
    """The relation that a name of one to three parts means; raises Refused for another catalogue."""
    if len(parts) > 3:
        raise Refused("SYNTAX_ERROR", f"Too many dots in table name: {'.'.join(parts)}")
    if len(parts) == 3 and parts[0] != CATALOG:
        raise Refused("CATALOG_NOT_FOUND", f"CATALOG_NOT_FOUND: Catalog '{parts[0]}' does not exist")
    schema = parts[-2] if len(parts) > 1 else session.database or "default"
    return Relation(schema, parts[-1])


def find(session: Session, name: Relation) -> dict[str, Any] | None:
    """Glue's entry of a table or view, or None."""
    try:
        return session.glue.get_table(DatabaseName=name.schema, Name=name.name)["Table"]
    except session.glue.exceptions.EntityNotFoundException:
        return None


def need(session: Session, name: Relation) -> dict[str, Any]:
    """Glue's entry of a table or view; raises Refused if there is none."""
    table = find(session, name)
    if table is None:
        raise Refused("TABLE_NOT_FOUND", f"FAILED: SemanticException [Error 10001]: Table not found {name}")
    return table


def is_iceberg(table: dict[str, Any] | None) -> bool:
    """Whether a Glue entry is an Iceberg table."""
    return bool(table) and str((table or {}).get("Parameters", {}).get("table_type", "")).lower() == "iceberg"


def is_view(table: dict[str, Any]) -> bool:
    """Whether a Glue entry is a view."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def change(session: Session, name: Relation, table: dict[str, Any]) -> None:
    """Write a changed entry back."""
    entry = {key: table[key] for key in _INPUT if table.get(key) is not None}
    session.glue.update_table(DatabaseName=name.schema, TableInput=entry)


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key prefix (with its slash) of an s3 location; raises Refused for anything else."""
    found = re.fullmatch(r"s3a?://([^/]+)/?(.*)", url)
    if not found:
        raise Refused("INVALID_LOCATION", f"FAILED: SemanticException Location must be an s3:// address, got '{url}'")
    prefix = found.group(2).rstrip("/")
    return found.group(1), prefix and prefix + "/"
