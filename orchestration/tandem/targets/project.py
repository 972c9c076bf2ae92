"""What the dbt project holds for a system: its models, and a fingerprint that changes when they do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tandem.schemas import SYSTEMS
from tandem.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt"
_BUILT_FROM = {".sql", ".csv", ".yml", ".yaml", ".py"}
_FOLDERS = ("models", "macros", "seeds", "snapshots")


def model_names(system: str, project: Path = DBT_PROJECT) -> list[str]:
    """Names of a system's models: the SQL files in the folders that bear its name, sorted."""
    found = (project / "models").glob(f"*/{system}/**/*.sql")
    return sorted(path.stem for path in found)


def fingerprint(system: str, project: Path = DBT_PROJECT) -> str:
    """Hash of all that decides what a system's models say; files of other systems and tests are no part of it."""
    digest = hashlib.sha256()
    for path in _sources(system, project):
        digest.update(f"{path.relative_to(project)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources(system: str, project: Path) -> Iterator[Path]:
    others = set(SYSTEMS) - {system}
    yield project / "dbt_project.yml"
    for path in sorted(path for folder in _FOLDERS for path in (project / folder).rglob("*")):
        inside = path.relative_to(project).parts
        is_test = inside[:2] == ("macros", "tests")
        if path.suffix in _BUILT_FROM and not is_test and others.isdisjoint(inside) and path.is_file():
            yield path
