"""Engines that dbt writes to. `open_target(settings)` gives the chosen one; nothing else knows which it is."""

from __future__ import annotations

from tandem.errors import SettingsError
from tandem.settings import Settings, TargetName
from tandem.targets.base import Observed, Owed, Target


def open_target(settings: Settings) -> Target:
    """The target that the settings choose; raises SettingsError for one that does not exist yet."""
    if settings.target is TargetName.DUCKDB:
        from tandem.targets.duckdb import DuckDBTarget

        return DuckDBTarget(settings.state)
    if settings.target is TargetName.ATHENA:
        from tandem.targets.athena import AthenaTarget

        return AthenaTarget(settings)
    raise SettingsError(
        f"TANDEM_TARGET={settings.target} is not built yet. "
        f"Allowed for now: {TargetName.DUCKDB} (TANDEM_ENV=dev) and {TargetName.ATHENA}."
    )


__all__ = ["Observed", "Owed", "Target", "open_target"]
