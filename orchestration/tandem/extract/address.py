"""Where a source is, by the settings."""

from __future__ import annotations

from tandem.errors import SettingsError
from tandem.settings import Settings


def address_of(settings: Settings, name: str) -> str:
    """The address that a setting names; raises SettingsError when it names none, or the source lacks what it needs."""
    settings.require(name)
    found = getattr(settings, name.lower())
    if not found:
        raise SettingsError(
            f"{name}: not set, and no stand-in serves this run. "
            "Start the run by `make dev`, or a stand-in by `tandem standins up` and set the address it prints."
        )
    return str(found)
