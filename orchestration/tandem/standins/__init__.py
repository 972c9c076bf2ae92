"""Local sources and a local cloud that speak the real protocols; they belong to whoever starts a run, not to a task."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tandem.settings import Environment, Settings, settings

if TYPE_CHECKING:
    from tandem.standins.systems import Served, Source


@contextmanager
def standins_of(systems: Iterable[str]) -> Iterator[None]:
    """Have something answer for the sources of these systems and, in a rehearsal, for the cloud, meanwhile.

    Points this process's settings to what answers. Raises SourceUnavailable for a stand-in that does not start.
    """
    with ExitStack() as stack:
        if settings().tandem_env is Environment.REHEARSAL:
            from tandem.standins.cloud import cloud_of

            stack.enter_context(cloud_of(settings()))
        for system in systems:
            stack.enter_context(sources_of(system, settings()))
        yield


@contextmanager
def reaching_cloud() -> Iterator[None]:
    """For commands that look into what a run left: in a rehearsal that is in the local cloud that is kept.

    Raises SettingsError when that cloud is gone. Nothing happens in dev and prod.
    """
    if settings().tandem_env is not Environment.REHEARSAL:
        yield
        return
    from tandem.standins.cloud import kept_cloud

    with kept_cloud(settings()):
        yield


@contextmanager
def sources_of(system: str, chosen: Settings) -> Iterator[None]:
    """Have something answer for a system's sources meanwhile, and point this process's settings to it.

    A source whose address is set is left alone, and in prod all are. For the others the stand-in serves that
    `tandem standins up` started for this state folder, or one that lives as long as the block.
    """
    # Imported here: a stand-in's own process loads this package too.
    from tandem.standins.systems import sources

    ours = [source for source in sources(system) if not getattr(chosen, source.address.lower())]
    if not ours or chosen.tandem_env is Environment.PROD:
        yield
        return
    with ExitStack() as stack:
        values: dict[str, str | None] = {}
        for source, served in zip(ours, _serving(stack, ours, chosen), strict=True):
            values |= source.variables(served)
        if len(ours) == len(sources(system)):
            values["TANDEM_STANDINS"] = ",".join(filter(None, [settings().tandem_standins, system]))
        stack.enter_context(environment(values))
        yield


def _serving(stack: ExitStack, ours: Sequence[Source], chosen: Settings) -> list[Served]:
    """Start them side by side; those that came up are stopped again when one does not."""

    def serve(source: Source) -> Served:
        if source.kind is None:
            return Served("", {})
        if running := kept.status(chosen.state, source.kind):
            return Served(running.base_url, running.facts)
        standin = stack.enter_context(Standin(source.kind, orders := source.orders()))
        return Served(standin.base_url, {**orders, **standin.running.said})

    from tandem.standins import kept
    from tandem.standins.process import Standin
    from tandem.standins.systems import Served

    with ThreadPoolExecutor() as pool:
        return list(pool.map(serve, ours))


@contextmanager
def environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables of this process (None: take away) for the length of the block, and read the settings anew."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    settings.cache_clear()
