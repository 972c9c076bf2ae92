"""The steps every system takes after extraction, each a function of (system, days) that can be run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from tandem.errors import ValidationFailed
from tandem.lake.manifest import Manifest, read_manifests
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store, open_store
from tandem.refine import refine_partition
from tandem.schemas import Entity, entities
from tandem.schemas import entity as declared
from tandem.settings import Settings

REFINE_WORKERS = 2


def open_lake(settings: Settings) -> Store:
    """The lake of the chosen environment and target."""
    return open_store(settings.lake_url, settings.tandem_lake_encryption, settings.aws_region)


def chosen(system: str, names: Sequence[str] | None) -> tuple[Entity, ...]:
    """The named entities of a system, None for all; raises SettingsError for a name that is not declared."""
    return entities(system) if names is None else tuple(declared(system, name) for name in names)


def refine(
    store: Store,
    system: str,
    days: Sequence[date],
    names: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None],
    force: bool = False,
) -> dict[str, dict[str, int]]:
    """Refine every captured partition of `days`, of all entities or those named; returns summed counts per entity."""
    work = [(entity, day) for entity in chosen(system, names) for day in days]
    totals: dict[str, dict[str, int]] = {}
    with ThreadPoolExecutor(REFINE_WORKERS) as pool:
        commits = pool.map(lambda item: refine_partition(store, item[0], item[1], force=force), work)
        for done, ((entity, _), commit) in enumerate(zip(work, commits, strict=True), start=1):
            if commit is not None:
                _add(totals.setdefault(entity.name, {}), commit.counts)
            progress(done, len(work))
    return totals


def counts_of(store: Store, system: str, days: Sequence[date]) -> dict[str, dict[str, dict[str, int]]]:
    """Per entity, summed `counts` and `reasons` of the processed partitions of `days`."""
    totals: dict[str, dict[str, dict[str, int]]] = {}
    for entity in entities(system):
        sums: dict[str, dict[str, int]] = {"counts": {}, "reasons": {}}
        for manifest in manifests_of(store, entity, days):
            _add(sums["counts"], manifest.counts)
            _add(sums["reasons"], manifest.reasons)
        totals[entity.name] = sums
    return totals


def validate_set_aside(store: Store, entity: Entity, days: Sequence[date]) -> None:
    """Raise ValidationFailed when an entity lost a larger share to quarantine than it declares acceptable."""
    totals: dict[str, int] = {}
    for manifest in manifests_of(store, entity, days):
        _add(totals, manifest.counts)
    arrived, bad = totals.get("in", 0), totals.get("quarantined", 0)
    if bad > entity.max_set_aside_share * arrived:
        raise ValidationFailed(
            f"{bad} of {arrived} rows of {entity.system}.{entity.name} were set aside; "
            f"at most {entity.max_set_aside_share:.0%} may be. See: tandem quarantine list {entity.system}"
        )


def manifests_of(store: Store, entity: Entity, days: Sequence[date]) -> list[Manifest]:
    """The current processed manifests of an entity's partitions; days without one are left out."""
    return read_manifests(store, Zone.PROCESSED, [Partition(entity.system, entity.name, day) for day in days])


def _add(totals: dict[str, int], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        totals[name] = totals.get(name, 0) + count
