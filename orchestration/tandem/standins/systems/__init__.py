"""Where a system's sources come from when they are not the user's own: one file per system, which lists `SOURCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tandem.schemas import SYSTEMS
from tandem.standins.process import Kind


@dataclass(frozen=True)
class Served:
    """What the settings are made of: where the stand-in listens, and all that it was told and said."""

    base_url: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A source that something can stand in for.

    `address` is the setting that says where the user's own is; where it is set, nothing stands in. Without a `kind`
    there is no server to start, as for files. `variables` are the settings that lead to what stands in.
    """

    name: str
    address: str
    variables: Callable[[Served], Mapping[str, str]]
    kind: Kind | None = None
    orders: Callable[..., Mapping[str, Any]] = dict


def sources(system: str) -> tuple[Source, ...]:
    """The sources of a system that something can stand in for; of an unknown one, which its run refuses, none."""
    if system not in SYSTEMS:
        return ()
    found: tuple[Source, ...] = import_module(f"tandem.standins.systems.{system}").SOURCES
    return found


def all_sources() -> tuple[Source, ...]:
    """Those of every system."""
    return tuple(source for system in SYSTEMS for source in sources(system))
