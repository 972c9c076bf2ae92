"""Declared entities, one file per system. `entities(system)` and `entity(system, name)` look them up."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tandem.errors import SettingsError
from tandem.schemas.entity import Arriving, Column, Decimal, Entity, Kind, Type

SYSTEMS = tuple(sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py") if file.stem != "entity"))


def entities(system: str) -> tuple[Entity, ...]:
    """All entities of a system, in the order in which they are extracted."""
    if system not in SYSTEMS:
        raise SettingsError(f"Unknown system {system!r}. Allowed: {', '.join(SYSTEMS)}.")
    return tuple(import_module(f"tandem.schemas.{system}").ENTITIES)


def entity(system: str, name: str) -> Entity:
    """One entity by name; raises SettingsError for a name that is not declared."""
    for candidate in entities(system):
        if candidate.name == name:
            return candidate
    names = ", ".join(e.name for e in entities(system))
    raise SettingsError(f"System {system} has no entity {name!r}. Allowed: {names}.")


__all__ = ["SYSTEMS", "Arriving", "Column", "Decimal", "Entity", "Kind", "Type", "entities", "entity"]
