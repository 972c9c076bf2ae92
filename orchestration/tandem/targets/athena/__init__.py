"""Athena: sources in Glue over the lake on S3, dbt by dbt-athena, the ledger in the lake.

Nothing is served as a step of its own: a partition is moved, and a table replaced, in one change of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tandem.blame import Refusal
from tandem.errors import WarehouseError
from tandem.lake.partition import Partition
from tandem.lake.store import Store, open_store
from tandem.schemas import SYSTEMS, Entity
from tandem.settings import Environment, Settings, TargetName
from tandem.targets import project as dbt_project
from tandem.targets import records
from tandem.targets.athena import counting, ledger
from tandem.targets.athena.athena import Athena
from tandem.targets.athena.catalog import Catalog
from tandem.targets.athena.clients import Clients
from tandem.targets.athena.dbt_clients import descriptions_read_once
from tandem.targets.athena.failures import explained
from tandem.targets.athena.publish import Source, publish, published
from tandem.targets.athena.refusals import refusals_since
from tandem.targets.base import Observed, Owed
from tandem.targets.commits import current_commits

RUN = {
    Environment.DEV: "make dev",
    Environment.REHEARSAL: "make rehearse TARGET=athena",
    Environment.PROD: "make prod-run TARGET=athena",
}
_READING = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|values|table|show|describe|desc|explain(?!\s+analyze))\b", re.I | re.S
)


class AthenaTarget:
    """Athena with Glue and S3, in the account that boto3 finds; implements `tandem.targets.base.Target`."""

    name = TargetName.ATHENA

    def __init__(self, settings: Settings, project: Path = dbt_project.DBT_PROJECT) -> None:
        self._settings = settings
        self._project = project
        self._clients = Clients(settings.aws_region)

    def publish(self, store: Store, entities: Sequence[Entity]) -> dict[str, int]:
        """Let the Glue tables point at the newest commits; returns, per entity, how many partitions changed."""
        run = RUN[self._settings.tandem_env]
        sources = [
            Source(self._database(entity.system), entity, store, current_commits(store, entity, run))
            for entity in entities
        ]
        with explained("publish sources in Glue"):
            return publish(self._catalog, sources)

    def published(self) -> frozenset[tuple[Partition, str]]:
        """Every commit that the Glue tables of any system show."""
        return frozenset(
            (Partition(system, entity, day), commit)
            for system in SYSTEMS
            for entity, days in self._published(system).items()
            for day, commit in days.items()
        )

    def observe(self, entity: Entity, days: Iterable[date] | None = None) -> Observed:
        """Rows per partition, nulls per column and types of a source, as Athena reads it: one statement."""
        database = self._database(entity.system)
        with explained(f"look up {database}.{entity.name} in Glue"):
            columns = self._catalog.columns(database, entity.name)
        answer = self._athena.run(counting.source_statement(database, entity.name, columns, days))
        return counting.observed(columns, answer.rows)

    def declared_types(self, entity: Entity) -> dict[str, str]:
        """The Athena types that `observe` must find."""
        return counting.declared_types(entity)

    def rows_per_partition(self, relation: str, days: Iterable[date] | None = None) -> dict[date, int]:
        """Rows of `schema.table` per partition_date; the schema is named without the namespace."""
        wanted = None if days is None else list(days)
        if wanted == []:
            return {}
        schema, table = relation.split(".")
        statement = counting.mart_statement(self._settings.schema_name(schema), table, wanted)
        return dict(self._athena.run(statement).rows)

    def owed(self, system: str) -> Owed:
        """What the system's models must still be built from."""
        models = dbt_project.model_names(system, self._project)
        fingerprint = dbt_project.fingerprint(system, self._project)
        built = ledger.read_records(self._lake, system)
        return records.owed(system, fingerprint, models, self._published(system), built)

    def record_built(self, owed: Owed, models: Iterable[str] | None = None) -> None:
        """Note that models (default: all of the system) were built from these commits."""
        names = list(dbt_project.model_names(owed.system, self._project) if models is None else models)
        ledger.record_built(self._lake, owed, names)

    def snapshot(self) -> None:
        """Nothing: readers see what dbt has built."""
        return

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a statement that reads; raises WarehouseError for one that would write."""
        answer = self._athena.run(_reading(sql))
        return answer.columns, answer.rows

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement that reads, a page in memory at a time."""
        return self._athena.stream(_reading(sql))

    def schema_name(self, name: str) -> str:
        """A schema's name with the namespace before it, when there is one."""
        return self._settings.schema_name(name)

    def refusals(self, since: datetime) -> Sequence[Refusal]:
        """The statements that failed in the work group since then, newest first."""
        with explained("list what Athena refused"):
            return list(refusals_since(self._clients.athena, self._settings.athena_work_group, since))

    @contextmanager
    def dbt_session(self, description: str) -> Iterator[dict[str, str]]:
        """The variables that dbt's profile reads; what keeps two runs apart here is the lease of the lake."""
        variables = {
            "TANDEM_ATHENA_WORK_GROUP": self._settings.athena_work_group,
            "TANDEM_ATHENA_OUTPUT": self._settings.athena_output_location,
            "TANDEM_ATHENA_DATA": self._settings.athena_data_location,
            "TANDEM_ATHENA_REGION": self._clients.region,
            "TANDEM_ATHENA_SCHEMA": self._settings.schema_name("tandem"),
            "TANDEM_NAMESPACE": self._settings.tandem_namespace,
        }
        with descriptions_read_once():
            yield variables

    @cached_property
    def _lake(self) -> Store:
        settings = self._settings
        return open_store(settings.lake_url, settings.tandem_lake_encryption, settings.aws_region)

    @cached_property
    def _catalog(self) -> Catalog:
        return Catalog(self._clients.glue)

    @cached_property
    def _athena(self) -> Athena:
        return Athena(self._clients.athena, self._settings.athena_work_group, result_configuration(self._settings))

    def _database(self, system: str) -> str:
        return self._settings.schema_name(f"{system}_processed")

    def _published(self, system: str) -> Mapping[str, Mapping[date, str]]:
        with explained("read the published commits from Glue"):
            return published(self._catalog, self._database(system))


def _reading(sql: str) -> str:
    """The statement, when it only reads; raises WarehouseError otherwise."""
    if not _READING.match(sql):
        raise WarehouseError(
            "Only reading is allowed here: SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN (without ANALYZE). "
            f"Got: {sql.strip()[:60]}"
        )
    return sql


def result_configuration(settings: Settings) -> dict[str, Any]:
    """Where Athena writes the results of statements, and how they are encrypted; like the lake."""
    where: dict[str, Any] = {"OutputLocation": settings.athena_output_location}
    method, _, key = settings.tandem_lake_encryption.removeprefix("aws:").partition(":")
    if method == "AES256":
        where["EncryptionConfiguration"] = {"EncryptionOption": "SSE_S3"}
    elif key:
        # Without a key of its own, Athena leaves the choice to the bucket.
        where["EncryptionConfiguration"] = {"EncryptionOption": "SSE_KMS", "KmsKey": key}
    return where
