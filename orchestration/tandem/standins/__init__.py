"""Local sources that speak the real protocols. They belong to whoever starts a run, never to a task."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tandem.settings import Settings, settings


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
    from tandem.standins.supervisor import OpenAQStandin, status

    with ExitStack() as stack:
        source = status(chosen.state) or stack.enter_context(OpenAQStandin())
        values = {"OPENAQ_BASE_URL": source.base_url, "OPENAQ_API_KEY": source.api_key.get_secret_value()}
        if chosen.window:
            # An address that is set means unknown data; here it is the sample data, whose days are known.
            values["TANDEM_WINDOW"] = "..".join(day.isoformat() for day in chosen.window)
        stack.enter_context(_environment(values))
        yield


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    settings.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        settings.cache_clear()
