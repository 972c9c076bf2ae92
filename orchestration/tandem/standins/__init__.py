"""Local sources and a local cloud that speak the real protocols; they belong to whoever starts a run, not to a task."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tandem.settings import Environment, Settings, settings


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

    A source whose address is set is left alone. Otherwise the stand-in that `tandem standins up` started for this
    state folder serves, or one that lives as long as the block.
    """
    if system != "openaq" or chosen.openaq_base_url:
        yield
        return
    # Imported here: the stand-in's own process loads this package too.
    from tandem.standins import kept, openaq_server

    with ExitStack() as stack:
        if running := kept.status(chosen.state, openaq_server.KIND):
            base_url, key = running.base_url, running.facts["api_key"]
        else:
            source = stack.enter_context(openaq_server.OpenAQStandin())
            base_url, key = source.base_url, source.api_key.get_secret_value()
        served = ",".join(filter(None, [settings().tandem_standins, system]))
        values = {"OPENAQ_BASE_URL": base_url, "OPENAQ_API_KEY": key, "TANDEM_STANDINS": served}
        stack.enter_context(environment(values))
        yield


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
