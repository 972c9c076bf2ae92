"""What dbt's manifest says of the marts of a system: their columns, declared types and keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.errors import CannotCompare


@dataclass(frozen=True)
class Mart:
    """One mart: its table, its declared columns with their types (None: not declared), and its key."""

    schema: str
    name: str
    columns: Mapping[str, str | None]
    key: tuple[str, ...]


def marts_of(manifest: Path, system: str) -> list[Mart]:
    """The marts of a system, by name.

    The key is `meta.key` of the model, else the columns of its test `unique_key`, else the column that is tested
    `unique`. Raises CannotCompare for a mart without a key, for a system without marts, and for an unreadable manifest.
    """
    nodes = _nodes(manifest)
    folder = f"models/marts/{system}/"
    models = [n for n in nodes if n["resource_type"] == "model" and n["original_file_path"].startswith(folder)]
    if not models:
        raise CannotCompare(f"{manifest} has no model in dbt/{folder}. Build {system} first.")
    tests = [node for node in nodes if node["resource_type"] == "test" and _holds_always(node["config"])]
    return sorted((_mart(model, tests) for model in models), key=lambda mart: mart.name)


def _nodes(manifest: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values())
    except (OSError, ValueError, KeyError) as error:
        raise CannotCompare(
            f"Cannot read dbt's manifest {manifest} ({error}). Remove {manifest.parents[3]}; the next comparison "
            "builds it again."
        ) from error


def _mart(model: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> Mart:
    columns = {name: column["data_type"] for name, column in model["columns"].items()}
    key = _key(model, [test for test in tests if test.get("attached_node") == model["unique_id"]])
    where = f"{model['original_file_path']}: {model['name']}"
    if not key:
        raise CannotCompare(
            f"{where} declares no key, so its rows cannot be paired. Add the test unique_key, or meta: {{key: […]}}."
        )
    if unknown := [column for column in key if columns and column not in columns]:
        raise CannotCompare(f"{where} has a key of columns that it does not declare: {', '.join(unknown)}.")
    return Mart(model["schema"], model["alias"], columns, key)


def _key(model: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    if stated := model["config"]["meta"].get("key"):
        return tuple([stated] if isinstance(stated, str) else stated)
    named = [(test["test_metadata"]["name"], test) for test in tests if test.get("test_metadata")]
    combined = [test["test_metadata"]["kwargs"]["columns"] for name, test in named if name == "unique_key"]
    single = [[test["column_name"]] for name, test in named if name == "unique" and test.get("column_name")]
    return tuple(next(iter([*combined, *single]), ()))


def _holds_always(config: Mapping[str, Any]) -> bool:
    return not config.get("where") and str(config.get("severity", "error")).lower() == "error"
