"""Work owed, the same on every target: published commits held against those that each model was built from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tandem.targets.base import Owed

Commits = Mapping[str, Mapping[date, str]]


@dataclass(frozen=True)
class Built:
    """What one model was built from: the text of the project, and per entity the commit of each partition."""

    project: str
    commits: Commits


def owed(system: str, project: str, models: Sequence[str], published: Commits, records: Mapping[str, Built]) -> Owed:
    """What the models must still be built from; everything when any was built by another text of the project.

    `published` has every entity that the warehouse shows, also one without partitions.
    """
    full = any(model not in records or records[model].project != project for model in models)
    before: list[Commits] = [records[model].commits if model in records else {} for model in models]
    entities = {*published, *(entity for commits in before for entity in commits)}
    partitions = {}
    for entity in sorted(entities):
        known = [commits.get(entity, {}) for commits in before]
        if (days := _owed_days(published.get(entity, {}), known, full)) or entity in published:
            partitions[entity] = days
    return Owed(system, project, full, partitions)


def recorded(records: Mapping[str, Built], done: Owed, models: Sequence[str]) -> dict[str, Built]:
    """The records after these models were built from the commits in `done`."""
    return {**records, **{model: Built(done.project, _after(records.get(model), done)) for model in models}}


def _owed_days(
    published: Mapping[date, str], known: Sequence[Mapping[date, str]], full: bool
) -> dict[date, str | None]:
    days = sorted(set(published).union(*known)) if known else []
    return {
        day: published.get(day)
        for day in days
        if full or any(commits.get(day) != published.get(day) for commits in known)
    }


def _after(before: Built | None, done: Owed) -> dict[str, dict[date, str]]:
    kept: Commits = {} if done.full or before is None else before.commits
    merged = {
        entity: {**kept.get(entity, {}), **done.partitions.get(entity, {})}
        for entity in sorted({*kept, *done.partitions})
    }
    # A partition that the lake no longer has was cleared from the model: nothing is left to remember.
    present = {
        entity: {day: commit for day, commit in sorted(days.items()) if commit is not None}
        for entity, days in merged.items()
    }
    return {entity: days for entity, days in present.items() if days}
