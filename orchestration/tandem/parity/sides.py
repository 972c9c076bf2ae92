"""The two sides of the proof: the target of the settings, and DuckDB built anew from the same processed commits.

As a program (`python -m tandem.parity.sides SYSTEM DAY`) it builds a DuckDB side, in a process of its own: dbt keeps
one adapter's state in a process, and a rehearsal has loaded another's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tandem import warehouse
from tandem.errors import CannotCompare, TandemError
from tandem.lake.gc import collect
from tandem.lake.manifest import list_partitions, read_manifests
from tandem.lake.mirror import mirror
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store
from tandem.parity.compare import Side
from tandem.schemas import SYSTEMS, entities
from tandem.settings import Environment, Settings, TargetName, settings
from tandem.standins.owner import end_with
from tandem.steps import open_lake
from tandem.targets import open_target

LIBRARY = Path(__file__).resolve().parents[2]
# What decides where a run reads and writes; the DuckDB side has its own answers, and needs no account.
SWITCHES = ("TANDEM_", "DBT_", "AWS_", "ATHENA_", "OPENAQ_", "POSTGRES_", "STRIPE_", "MARKETING_", "SLACK_")
Commits = frozenset[tuple[Partition, str]]


def reference_settings(chosen: Settings) -> Settings:
    """The settings of the DuckDB side: dev, in a home below the state of what it is compared with."""
    return Settings(
        tandem_env=Environment.DEV,
        tandem_target=TargetName.DUCKDB,
        tandem_home=_home(chosen),
        tandem_lake="",
        tandem_namespace="",
    )


def side_of(chosen: Settings, name: str) -> Side:
    """The target of these settings under a name of its own; a DuckDB file is nobody else's and has no namespace."""
    target = open_target(chosen)
    return Side(name, target, target.schema_name)


def systems_in(store: Store) -> list[str]:
    """The systems of which a lake has something processed; raises CannotCompare when there is none."""
    there = {folder.rpartition("/")[2] for folder in store.folders(Zone.PROCESSED)}
    if found := [system for system in SYSTEMS if system in there]:
        return found
    raise CannotCompare(f"The lake {store.url} holds no processed partition. Run a pipeline first.")


def commits_of(store: Store, system: str) -> Commits:
    """The current processed commits of a system in a lake."""
    partitions = [p for e in entities(system) for p in list_partitions(store, Zone.PROCESSED, system, e.name)]
    found = read_manifests(store, Zone.PROCESSED, partitions)
    return frozenset((manifest.partition, manifest.commit) for manifest in found)


def build_reference(chosen: Settings, system: str, say: Callable[[str], None]) -> Settings:
    """Build the DuckDB side of a system from the processed commits of a lake; returns its settings.

    What is built already from the same commits and models is left alone. Raises CannotCompare when the build fails.
    """
    own = reference_settings(chosen)
    copy = open_lake(own)
    changed = mirror(open_lake(chosen), copy, Zone.PROCESSED, [system])
    warehouse.catalog(own, system)
    if open_target(own).owed(system):
        say(f"{system}: building the DuckDB side, {changed} partitions of the lake are new to it.")
        _build(own, system, max(partition.day for partition, _commit in commits_of(copy, system)))
    open_target(own).snapshot()
    if changed:
        collect(copy, keep=open_target(own).published(), older_than_seconds=0)
    return own


def require_built(side: Side, system: str, commits: Commits) -> None:
    """Raise CannotCompare unless a side has published these commits and built its models from them."""
    published = frozenset(pair for pair in side.target.published() if pair[0].system == system)
    if published != commits:
        keys = sorted({partition.key for partition, _commit in published ^ commits})
        more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
        raise CannotCompare(f"{side.name} shows other commits than the lake of {', '.join(keys[:3])}{more}. {_ADVICE}")
    if owed := side.target.owed(system):
        days = sum(map(len, owed.days.values()))
        raise CannotCompare(f"The models of {system} on {side.name} still owe {days} partitions. {_ADVICE}")


_ADVICE = "Run the pipeline there first, then compare."


def _home(chosen: Settings) -> Path:
    return chosen.state.absolute() / "parity"


def _build(own: Settings, system: str, day: date) -> None:
    """Build in a process that ends with this one, however it ends."""
    log = own.state / "logs" / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tandem.parity.sides", system, day.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=_environment(own),
            start_new_session=True,  # an interrupt on the keyboard is the owner's to handle
        )
        with process:
            try:
                assert process.stdout is not None
                said = process.stdout.read().decode()
            except BaseException:
                process.kill()
                raise
    if process.returncode:
        why = json.loads(said)["error"] if said else f"it ended with status {process.returncode}"
        raise CannotCompare(f"The DuckDB side could not be built: {why}\nLog: {log}")


def _environment(own: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SWITCHES)}
    path = os.pathsep.join(filter(None, [str(LIBRARY), kept.get("PYTHONPATH")]))
    switch = {"TANDEM_ENV": "dev", "TANDEM_HOME": str(own.tandem_home), "TANDEM_ENV_FILE": os.devnull}
    return {**kept, **switch, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


def main() -> None:
    """Build a system for the settings of this process; says why not as one line of JSON."""
    system, day = sys.argv[1:]
    end_with(os.getppid())
    try:
        warehouse.bring_up_to_date(settings(), system, [date.fromisoformat(day)])
    except TandemError as error:
        print(json.dumps({"error": str(error)}))
        sys.exit(1)


if __name__ == "__main__":
    main()
