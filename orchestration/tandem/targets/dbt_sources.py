"""dbt's source YAML, generated from the declared schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tandem.schemas import Column, Decimal, Entity, Type, entities
from tandem.settings import PROJECT

HEADER = "# Generated from orchestration/tandem/schemas by `tandem schemas --write`; do not edit.\n"
HIVE_KEYS = ("year", "month", "day")
SQL_TYPES = {Type.STRING: "varchar"}
# Macros are unknown where dbt reads a source; this is what generate_schema_name does for models.
NAMESPACE = "{{ env_var('TANDEM_NAMESPACE', '') ~ '_' if env_var('TANDEM_NAMESPACE', '') else '' }}"


def sources_path(system: str) -> Path:
    """Where the source YAML of a system is committed."""
    return PROJECT / "dbt" / "models" / "staging" / system / f"_{system}__sources.yml"


def render_sources(system: str) -> str:
    """The source YAML of a system: one table per entity, its declared columns, then the Hive keys.

    Raises SettingsError for a system that is not declared.
    """
    source = {
        "name": system,
        "schema": f"{NAMESPACE}{system}_processed",
        "description": f"Processed zone of {system}: the current commit of every partition.",
        "tables": [_table(entity) for entity in entities(system)],
    }
    document = {"version": 2, "sources": [source]}
    return HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _table(entity: Entity) -> dict[str, Any]:
    return {
        "name": entity.name,
        "description": f"{entity.description} Partition clock: {entity.clock}.",
        "columns": [_column(column) for column in entity.columns] + [_hive_key(name) for name in HIVE_KEYS],
    }


def _column(column: Column) -> dict[str, str]:
    return {"name": column.name, "description": column.description, "data_type": sql_type(column.type)}


def _hive_key(name: str) -> dict[str, str]:
    return {"name": name, "description": "Hive key of the partition, as text.", "data_type": "varchar"}


def sql_type(logical: Type | Decimal) -> str:
    """The SQL name of a logical type, in words that every target understands."""
    if isinstance(logical, Decimal):
        return f"decimal({logical.precision}, {logical.scale})"
    return SQL_TYPES.get(logical, logical.value)
