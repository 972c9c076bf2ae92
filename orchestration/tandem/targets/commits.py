"""The processed commits that a target publishes."""

from __future__ import annotations

from tandem.errors import WarehouseError
from tandem.lake.manifest import Manifest, current_manifests
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store
from tandem.schemas import Entity

_SHOWN = 10


def current_commits(store: Store, entity: Entity, run: str) -> list[Manifest]:
    """The current manifest of every partition of an entity, oldest first.

    Raises WarehouseError for commits of another schema; `run` is the command that would make them anew.
    """
    manifests = current_manifests(store, Zone.PROCESSED, entity.system, entity.name)
    outdated = [manifest.partition for manifest in manifests if manifest.schema != entity.fingerprint]
    if outdated:
        raise WarehouseError(_outdated(entity, outdated, run))
    return manifests


def _outdated(entity: Entity, partitions: list[Partition], run: str) -> str:
    shown = ", ".join(partition.day.isoformat() for partition in partitions[:_SHOWN])
    more = f" and {len(partitions) - _SHOWN} more" if len(partitions) > _SHOWN else ""
    return (
        f"The declared schema of {entity.system}.{entity.name} changed after these partitions were refined: "
        f"{shown}{more}. Run them again: "
        f"{run} PIPELINE={entity.system} FROM={partitions[0].day} TO={partitions[-1].day}"
    )
