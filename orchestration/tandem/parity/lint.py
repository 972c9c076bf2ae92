"""A lint by the engine itself: dbt runs against a local cloud that only analyses what it is sent, over empty tables.

Every model is sent as on a first run, incremental ones also as on a run that owes some days; data tests too.
Nothing of a rehearsal that uses the same servers is touched: the lint has a namespace, a lake and a state folder of
its own.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tandem.blame import Finding, blame
from tandem.dbt import run_dbt
from tandem.errors import DbtError, SettingsError
from tandem.parity.artifacts import failed_nodes, results_of
from tandem.parity.data_tests import compiled_tests, refused
from tandem.schemas import SYSTEMS, entities
from tandem.settings import REHEARSAL_BUCKET, Settings, TargetName
from tandem.standins.aws.validate import WORK_GROUP
from tandem.steps import open_lake
from tandem.targets import Target, open_target
from tandem.targets.athena.clients import Clients
from tandem.targets.project import DBT_PROJECT

NAMESPACE = "tandem_lint"
TESTS = ("resource_type:test", "resource_type:unit_test")
MADE = ("success", "partial success")
# A run of days, a day alone and two years: every form that a predicate for owed days takes.
OWED = ("2024-12-29", "2024-12-30", "2024-12-31", "2025-01-01", "2025-11-20")


def lint(settings: Settings, target: TargetName = TargetName.ATHENA, project: Path = DBT_PROJECT) -> list[Finding]:
    """What the target's engine refuses of the dbt project, in the order of files and lines.

    Needs the local cloud of a rehearsal to answer (see `tandem.standins.cloud`). Raises SettingsError for a target
    without such a lint, DbtError when dbt cannot read the project at all.
    """
    if target is not TargetName.ATHENA:
        raise SettingsError(f"There is no lint for {target}. Allowed: {TargetName.ATHENA}.")
    own = lint_settings(settings)
    with _one_at_a_time(own.state):
        clients = Clients(own.aws_region)
        _forget(clients)
        engine = open_target(own)
        try:
            return _analyse(own, engine, clients, project)
        finally:
            _forget(clients)


def lint_settings(settings: Settings) -> Settings:
    """The settings of the lint beside a rehearsal: where it writes, and the work group that only validates."""
    own = {
        "tandem_home": settings.state / "lint",
        "tandem_namespace": NAMESPACE,
        "tandem_lake": f"s3://{REHEARSAL_BUCKET}/lint",
        "tandem_lake_encryption": "",
        "athena_output": "",
        "athena_work_group": WORK_GROUP,
    }
    return settings.model_copy(update=own)


def _analyse(own: Settings, engine: Target, clients: Clients, project: Path) -> list[Finding]:
    began = datetime.now(UTC)
    for system in SYSTEMS:
        engine.publish(open_lake(own), entities(system))
    owed = {"owed": {entity.name: list(OWED) for system in SYSTEMS for entity in entities(system)}}
    artifacts = own.state / "dbt" / "target"

    def dbt(command: str, variables: Mapping[str, Any], select: Sequence[str], exclude: Sequence[str] = ()) -> None:
        (artifacts / "run_results.json").unlink(missing_ok=True)
        try:
            run_dbt(own, command, select=select, exclude=exclude, vars=variables, project=project, target=engine)
        except DbtError:
            if not (artifacts / "run_results.json").exists():
                raise

    dbt("build", {}, ["*"], exclude=TESTS)
    failed, made = failed_nodes(artifacts), {one["unique_id"] for one in results_of(artifacts) if one["status"] in MADE}
    dbt("run", owed, ["config.materialized:incremental"])
    failed += failed_nodes(artifacts)
    dbt("compile", owed, ["resource_type:test"])
    failed += failed_nodes(artifacts)
    nodes = json.loads((artifacts / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    # A test of what was refused has nothing to be analysed over; its finding would be the same once more.
    tests = [test for test in compiled_tests(artifacts) if _models_of(nodes[test["unique_id"]]) <= made]
    failed += refused(engine, tests)
    refusals = list(engine.refusals(began)) if failed else []
    return sorted({blame(nodes[name], message, refusals, project) for name, message in failed}, key=_place)


def _models_of(test: Mapping[str, Any]) -> set[str]:
    return {name for name in test["depends_on"]["nodes"] if not name.startswith("source.")}


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.path, finding.line or 0, finding.message


def _forget(clients: Clients) -> None:
    """Remove the databases of this and of an earlier lint, tables and all."""
    pages = clients.glue.get_paginator("get_databases").paginate()
    names = [database["Name"] for page in pages for database in page["DatabaseList"]]
    for name in filter(lambda name: name.startswith(f"{NAMESPACE}_"), names):
        clients.glue.delete_database(Name=name)


@contextmanager
def _one_at_a_time(state: Path) -> Iterator[None]:
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lint.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
