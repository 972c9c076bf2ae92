"""The steps from processed commits to served marts, each the same on every target and safe to run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tandem.attempts import Attempt
from tandem.dbt import run_dbt
from tandem.errors import DbtError, ValidationFailed
from tandem.schemas import Entity, entities
from tandem.settings import Settings
from tandem.steps import chosen, manifests_of, open_lake, validate_set_aside
from tandem.targets import Owed, Target, open_target

LAYERS = ("staging", "intermediate", "marts")
# They test the text of a model, not the data: see `make test`.
UNIT_TESTS = ("resource_type:unit_test",)
ALL_TESTS = ("resource_type:test", *UNIT_TESTS)


def catalog(settings: Settings, system: str, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Show the newest commit of every partition to the warehouse, of all entities or of those named.

    Returns partitions changed per entity.
    """
    return {"published": open_target(settings).publish(open_lake(settings), chosen(system, names))}


def validate(
    settings: Settings, system: str, days: Sequence[date], names: Sequence[str] | None = None
) -> dict[str, Any]:
    """Hold what the warehouse reads against schema and manifests, for the days of the run and all days owed.

    Raises ValidationFailed naming the entity and what differs; dbt must not start then.
    """
    target, store = open_target(settings), open_lake(settings)
    owed = target.owed(system).days
    checked = {entity.name: sorted({*days, *owed.get(entity.name, [])}) for entity in chosen(system, names)}
    for entity in chosen(system, names):
        rows = {m.partition.day: m.rows for m in manifests_of(store, entity, checked[entity.name])}
        _check_source(target, entity, rows)
        validate_set_aside(store, entity, checked[entity.name])
    return {"days": {name: len(those) for name, those in checked.items()}}


def build_layer(
    settings: Settings,
    system: str,
    layer: str,
    logical_day: date,
    *,
    tests: bool = True,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build one layer for the partitions owed, and test it if `tests`; returns its models, tests and seconds.

    Nothing owed, nothing built: dbt is not even imported. `before` has the facts of the attempt before this one: when
    it was at the same work, only what it left undone is done. Raises DbtError naming the failed nodes.
    """
    owed = open_target(settings).owed(system)
    if not owed:
        return {"owed": 0}
    select = [f"path:models/{layer}/{system}"]
    if layer == LAYERS[0] and owed.full:
        # A changed seed is a changed project, and then everything is owed; else they are there already.
        select.append(f"path:seeds/{system}")
    return _run_owed(settings, "build", owed, logical_day, select, UNIT_TESTS if tests else ALL_TESTS, before)


def run_tests(
    settings: Settings, system: str, logical_day: date, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Test all layers and seeds of a system for the partitions owed; returns the tests. See `build_layer`."""
    owed = open_target(settings).owed(system)
    if not owed:
        return {"owed": 0}
    select = [*(f"path:models/{layer}/{system}" for layer in LAYERS), f"path:seeds/{system}"]
    return _run_owed(settings, "test", owed, logical_day, [*select, f"path:data-tests/{system}"], UNIT_TESTS, before)


def serve(settings: Settings, system: str) -> dict[str, Any]:
    """Hold the marts' counts against the manifests, write the ledger, and let readers see the new state.

    Raises ValidationFailed when a mart has other rows than the processed commits it was built from.
    """
    target = open_target(settings)
    owed = target.owed(system)
    if owed:
        for entity in entities(system):
            _check_mart(settings, target, entity, owed.days.get(entity.name, []))
        target.record_built(owed)
    return {"database": str(target.snapshot() or "")}


def bring_up_to_date(settings: Settings, system: str, days: Sequence[date]) -> None:
    """All steps at once, for what was refined again outside a DAG run."""
    catalog(settings, system)
    validate(settings, system, days)
    for layer in LAYERS:
        build_layer(settings, system, layer, days[-1])
    serve(settings, system)


def _run_owed(
    settings: Settings,
    command: str,
    owed: Owed,
    logical_day: date,
    select: Sequence[str],
    exclude: Sequence[str],
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    earlier = Attempt.at(owed, before or {})
    try:
        result = run_dbt(
            settings,
            command,
            select=earlier.undone or select,
            exclude=() if earlier.undone else exclude,
            vars={**owed.dbt_vars, "logical_date": logical_day.isoformat()},
            full_refresh=owed.full and command != "test",
            only_selected=bool(earlier.undone),
        )
    except DbtError as error:
        error.facts = earlier.followed_by(error.facts)
        raise
    return {"owed": sum(map(len, owed.days.values())), **earlier.followed_by(result.facts)}


def _check_source(target: Target, entity: Entity, rows: dict[date, int]) -> None:
    where = f"{entity.system}_processed.{entity.name}"
    observed = target.observe(entity, rows)
    _same(f"columns and types of {where}", target.declared_types(entity), dict(observed.types))
    expected = {day: count for day, count in rows.items() if count}
    _same(f"rows per partition of {where}", expected, dict(observed.rows))
    limits = dict(entity.max_null_rates)
    for column in entity.columns:
        limit = limits.get(column.name, 1.0) if column.nullable else 0.0
        if observed.null_rate(column.name) > limit:
            raise ValidationFailed(
                f"{where}.{column.name} is null in {observed.null_rate(column.name):.1%} of the rows; "
                f"at most {limit:.1%} may be."
            )


def _check_mart(settings: Settings, target: Target, entity: Entity, days: Sequence[date]) -> None:
    if entity.mart is None:
        return
    mart = f"{entity.system}_marts.{entity.mart}"
    processed = {m.partition.day: m.rows for m in manifests_of(open_lake(settings), entity, days) if m.rows}
    built = target.rows_per_partition(mart, days)
    _same(f"rows per partition of {mart} against the manifests", processed, built)


def _same(what: str, expected: dict[Any, Any], found: dict[Any, Any]) -> None:
    keys = sorted({*expected, *found}, key=str)
    wrong = [
        f"{key}: expected {expected.get(key)}, found {found.get(key)}"
        for key in keys
        if expected.get(key) != found.get(key)
    ]
    if wrong:
        raise ValidationFailed(f"The {what} differ. {'; '.join(wrong[:5])}{' …' if len(wrong) > 5 else ''}")
