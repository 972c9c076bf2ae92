"""The ledger: which commit of which partition each model was built from, and by which text of the project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from duckdb import DuckDBPyConnection

from tandem.targets import records
from tandem.targets.base import Owed
from tandem.targets.duckdb.files import transaction

TABLES = """
create schema if not exists tandem;
create table if not exists tandem.views (system varchar, entity varchar, digest varchar, primary key (system, entity));
create table if not exists tandem.published
    (system varchar, entity varchar, partition_date date, commit varchar, rows bigint, schema varchar);
create table if not exists tandem.models (system varchar, model varchar, project varchar);
create table if not exists tandem.built
    (system varchar, model varchar, entity varchar, partition_date date, commit varchar);
create table if not exists tandem.served (generation bigint);
"""


def owed(connection: DuckDBPyConnection, system: str, models: Sequence[str], project: str) -> Owed:
    """What the models must still be built from; everything when any was built by another text of the project."""
    return records.owed(system, project, models, _published(connection, system), _built(connection, system))


def record_built(connection: DuckDBPyConnection, done: Owed, models: Sequence[str]) -> None:
    """Note that these models were built from the commits in `done`, all or nothing."""
    with transaction(connection):
        _stage(connection, done)
        connection.execute(
            "delete from tandem.built where system = ? and list_contains(?::varchar[], model) "
            "and (? or (entity, partition_date) in (select entity, partition_date from done))",
            [done.system, list(models), done.full],
        )
        connection.execute(
            "insert into tandem.built select ?, model, entity, partition_date, commit "
            "from done cross join (select unnest(?::varchar[]) as model) where commit is not null",
            [done.system, list(models)],
        )
        _record_project(connection, done, models)
        connection.execute("drop table done")
        advance(connection)


def generation(connection: DuckDBPyConnection) -> int:
    """A number that grows with every change worth showing to readers."""
    row = connection.execute("select coalesce(max(generation), 0) from tandem.served").fetchone()
    return int(row[0]) if row else 0


def advance(connection: DuckDBPyConnection) -> None:
    """Let the generation grow."""
    following = generation(connection) + 1
    connection.execute("delete from tandem.served")
    connection.execute("insert into tandem.served values (?)", [following])


def _published(connection: DuckDBPyConnection, system: str) -> records.Commits:
    views = connection.execute("select entity from tandem.views where system = ?", [system]).fetchall()
    rows = connection.execute("select entity, partition_date, commit from tandem.published where system = ?", [system])
    commits: dict[str, dict[date, str]] = {entity: {} for (entity,) in views}
    for entity, day, commit in rows.fetchall():
        commits.setdefault(entity, {})[day] = commit
    return commits


def _built(connection: DuckDBPyConnection, system: str) -> dict[str, records.Built]:
    texts = connection.execute("select model, project from tandem.models where system = ?", [system]).fetchall()
    # Models mostly agree on a commit: a row for each commit, not for each commit and model, is a tenth of the rows.
    rows = connection.execute(
        "select entity, partition_date, commit, list(model) from tandem.built where system = ? group by all", [system]
    ).fetchall()
    commits: dict[str, dict[str, dict[date, str]]] = {model: {} for model, _ in texts}
    for entity, day, commit, models in rows:
        for model in models:
            commits.setdefault(model, {}).setdefault(entity, {})[day] = commit
    return {model: records.Built(project, commits[model]) for model, project in texts}


def _stage(connection: DuckDBPyConnection, done: Owed) -> None:
    rows = [(entity, day, commit) for entity, days in done.partitions.items() for day, commit in days.items()]
    # One statement with lists: row by row, a year of partitions takes seconds.
    connection.execute(
        "create or replace temp table done as select "
        "unnest(?::varchar[]) as entity, unnest(?::date[]) as partition_date, unnest(?::varchar[]) as commit",
        [[row[index] for row in rows] for index in range(3)],
    )


def _record_project(connection: DuckDBPyConnection, done: Owed, models: Sequence[str]) -> None:
    key = [done.system, list(models)]
    connection.execute("delete from tandem.models where system = ? and list_contains(?::varchar[], model)", key)
    connection.execute("insert into tandem.models select ?, unnest(?::varchar[]), ?", [*key, done.project])
