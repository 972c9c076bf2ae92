"""The ledger: which commit of which partition each model was built from, and by which text of the project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from duckdb import DuckDBPyConnection

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

_DIFFERENCE = """
with expected as (
    select model, entity, partition_date, commit
    from tandem.published cross join (select unnest(?::varchar[]) as model)
    where system = ?
),
built as (
    select model, entity, partition_date, commit
    from tandem.built
    where system = ? and list_contains(?::varchar[], model)
)
select entity, partition_date, max(expected.commit)
from expected full join built using (model, entity, partition_date)
where ? or expected.commit is distinct from built.commit
group by entity, partition_date
order by entity, partition_date
"""


def owed(connection: DuckDBPyConnection, system: str, models: Sequence[str], project: str) -> Owed:
    """What the models must still be built from; everything when any was built by another text of the project."""
    by_this_text = connection.execute(
        "select model from tandem.models where system = ? and project = ?", [system, project]
    ).fetchall()
    full = not {(model,) for model in models} <= set(by_this_text)
    views = connection.execute("select entity from tandem.views where system = ? order by entity", [system])
    partitions: dict[str, dict[date, str | None]] = {entity: {} for (entity,) in views.fetchall()}
    rows = connection.execute(_DIFFERENCE, [list(models), system, system, list(models), full]).fetchall()
    for entity, day, commit in rows:
        partitions.setdefault(entity, {})[day] = commit
    return Owed(system, project, full, partitions)


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
