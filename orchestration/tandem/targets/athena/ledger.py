"""The ledger of a target without a database of its own: one object per system in the lake, swapped as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tandem.errors import Conflict, WarehouseError
from tandem.lake.store import Store
from tandem.targets.base import Owed
from tandem.targets.records import Built, recorded

# Names the shape of the object: another shape takes another name.
FORMAT = "built-1"
_TRIES = 5

Records = dict[str, Built]


def path_of(system: str) -> str:
    """Where a system's ledger is in the lake."""
    return f"_ledger/athena/{system}.json"


def read_records(store: Store, system: str) -> Records:
    """What each model was built from; nothing when nothing was built yet."""
    return _read(store, system)[0]


def record_built(store: Store, done: Owed, models: Sequence[str]) -> None:
    """Note that these models were built from the commits in `done`; raises Conflict when others keep writing."""
    for _try in range(_TRIES):
        records, etag = _read(store, done.system)
        try:
            store.swap(path_of(done.system), _to_json(recorded(records, done, models)), etag)
        except Conflict:
            # Somebody noted other models: what they wrote must stay, so it is read again.
            continue
        return
    raise Conflict(f"Several runs write {store.uri(path_of(done.system))} at the same time. Run again.")


def _read(store: Store, system: str) -> tuple[Records, str | None]:
    found = store.read(path_of(system))
    if found is None:
        return {}, None
    try:
        return dict(_from_groups(json.loads(found[0])[FORMAT])), found[1]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WarehouseError(
            f"{store.uri(path_of(system))} is not a ledger of this version of Tandem ({error!r}). "
            "Remove it and run again: every model is then built anew."
        ) from error


def _from_groups(groups: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Built]]:
    for group in groups:
        commits = {
            entity: {date.fromisoformat(day): str(commit) for day, commit in days.items()}
            for entity, days in group["commits"].items()
        }
        built = Built(str(group["project"]), commits)
        yield from ((str(model), built) for model in group["models"])


def _to_json(records: Mapping[str, Built]) -> bytes:
    # Models are nearly always built together, from the same commits: those are written once.
    groups: list[tuple[Built, list[str]]] = []
    for model, built in sorted(records.items()):
        like = next((models for known, models in groups if known == built), None)
        like.append(model) if like else groups.append((built, [model]))
    content = {FORMAT: [_group(built, models) for built, models in groups]}
    return json.dumps(content, indent=1).encode()


def _group(built: Built, models: Sequence[str]) -> dict[str, Any]:
    commits = {
        entity: {day.isoformat(): commit for day, commit in days.items()} for entity, days in built.commits.items()
    }
    return {"project": built.project, "models": models, "commits": commits}
