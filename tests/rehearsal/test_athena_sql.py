"""Athena's statements through the local Athena and a real Trino, over S3 and Glue: what each leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tandem.settings import Settings
from tandem.standins.cloud import cloud_of

Statement = Callable[[str], list[list[str | None]]]
BUCKET = "s3://tandem-rehearsal"
DAYS = "date_add('day', n, date '2025-01-01') as d from unnest(sequence(1, {})) as t (n)"


class Failed(Exception):
    """A statement that did not succeed, with Athena's reason."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Statement]:
    home = tmp_path_factory.mktemp("home")
    chosen = Settings(tandem_env="rehearsal", tandem_target="athena", tandem_home=home, _env_file=None)
    with cloud_of(chosen):
        athena = boto3.client("athena")

        def statement(text: str) -> list[list[str | None]]:
            return _run(athena, text.replace("s3://lake", BUCKET))

        statement("create schema if not exists `db`")
        yield statement


def _run(athena: Any, text: str) -> list[list[str | None]]:
    """The rows below the heading; raises Failed."""
    started = athena.start_query_execution(
        QueryString=text,
        QueryExecutionContext={"Catalog": "awsdatacatalog", "Database": "db"},
        ResultConfiguration={"OutputLocation": f"{BUCKET}/results/"},
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.02)
    if execution["Status"]["State"] != "SUCCEEDED":
        raise Failed(execution["Status"]["StateChangeReason"])
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    values = [[value.get("VarCharValue") for value in row["Data"]] for row in rows]
    return values[1:] if execution["StatementType"] == "DML" else values


def test_a_hive_table_is_made_appended_to_by_partition_and_read(run: Statement) -> None:
    run(
        """-- /* {"app": "dbt"} */
        create table "awsdatacatalog"."db"."facts"
        with (table_type='hive', is_external=true, external_location='s3://lake/t/facts', partitioned_by=ARRAY['d'],
          write_compression='snappy', format='parquet')
        as select 1 as a, cast('x' as varchar) as b, date '2026-01-01' as d"""
    )
    run('insert into "awsdatacatalog"."db"."facts" ("a", "b", "d") (select 2, \'y\', date \'2026-01-02\');')
    assert run("select * from facts order by a") == [["1", "x", "2026-01-01"], ["2", "y", "2026-01-02"]]
    assert run("show partitions facts") == [["d=2026-01-01"], ["d=2026-01-02"]]
    run("alter table `db`.`facts` drop partition (d='2026-01-01')")
    assert run("select a from facts") == [["2"]]
    run("drop table `db`.`facts`")
    with pytest.raises(Failed, match="HIVE_PATH_ALREADY_EXISTS"):
        run("create table facts with (external_location='s3://lake/t/facts/') as select 1 as a")


@pytest.mark.parametrize("kind", ["hive", "iceberg"])
def test_a_hundred_partitions_are_the_limit_of_one_statement(run: Statement, kind: str) -> None:
    place = {"hive": "external_location", "iceberg": "is_external=false, location"}[kind]
    by = {"hive": "partitioned_by", "iceberg": "partitioning"}[kind]
    made = (
        f"create table {kind}_{{0}} with (table_type='{kind}', {place}='s3://lake/t/{kind}_{{0}}', {by}=ARRAY['d']) as "
    )
    run(made.format(100) + "select n, " + DAYS.format(100))
    with pytest.raises(Failed, match=f"{kind.upper()}_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"):
        run(made.format(101) + "select n, " + DAYS.format(101))
    with pytest.raises(Failed, match="TOO_MANY_OPEN_PARTITIONS"):
        run(f"insert into {kind}_100 select n, " + DAYS.format(101))
    assert run(f"select count(*) from {kind}_100") == [["100"]]


def test_an_iceberg_table_is_merged_changed_renamed_and_maintained(run: Statement) -> None:
    run(
        "create table `db`.`dims` (id int, v string, at timestamp) partitioned by (bucket(4, id)) "
        "location 's3://lake/t/dims' tblproperties ('table_type'='ICEBERG', 'format'='parquet')"
    )
    run("insert into dims values (1, 'old', timestamp '2026-01-01 00:00:00.123456')")
    run(
        'merge into "awsdatacatalog"."db"."dims" as target using (values (1, \'new\'), (2, \'two\')) as src (id, v) '
        "on (target.id = src.id) when matched then update set v = src.v "
        "when not matched then insert (id, v) values (src.id, src.v)"
    )
    assert run("select * from dims order by id") == [["1", "new", "2026-01-01 00:00:00.123456"], ["2", "two", None]]
    run("alter table `db`.`dims` add columns (`n` int, m string)")
    run("alter table awsdatacatalog.db.dims change column n n2 bigint")
    run("alter table awsdatacatalog.db.dims change column n2 n3 bigint")
    run("alter table `db`.`dims` drop column `m`")
    run("alter table `db`.`dims` set tblproperties ('vacuum_min_snapshots_to_keep'='1')")
    run("alter table `db`.`dims` rename to `db`.`renamed`")
    run("update renamed set n3 = id")
    run("delete from renamed where id = 2")
    run("optimize renamed rewrite data using bin_pack")
    run("vacuum renamed")
    assert run("select id, v, n3 from renamed") == [["1", "new", "1"]]
    assert [row[0].split("\t")[0].strip() for row in run("describe renamed") if row[0]] == ["id", "v", "at", "n3"]
    run("drop table if exists `db`.`renamed`")
    run("create table again with (external_location='s3://lake/t/dims') as select 1 as files_are_gone")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select\n nope from (select 1 as a)", "COLUMN_NOT_FOUND: line 2:2: Column 'nope' cannot be resolved"),
        (
            "create table bad\nwith (\n external_location='s3://lake/t/bad'\n)\nas\nselect nope",
            "COLUMN_NOT_FOUND: line 6:8: Column 'nope' cannot be resolved",
        ),
        (
            "create table bad with (external_location='s3://lake/bad') as select localtimestamp(6) t",
            "Incorrect timestamp precision for timestamp",
        ),
        (
            "create table bad with (table_type='iceberg', is_external=false, location='s3://lake/t/bad') "
            "as select timestamp '2026-01-01 00:00:00.123' as t",
            r"Timestamp precision \(3\) not supported for Iceberg",
        ),
        ("select * from `db`.`t`", "backquoted identifiers are not supported"),
        ("explain select nope", "COLUMN_NOT_FOUND"),
        ("delete from missing", "TABLE_NOT_FOUND"),
    ],
)
def test_what_the_engine_refuses_keeps_its_words_and_its_place(run: Statement, text: str, reason: str) -> None:
    with pytest.raises(Failed, match=reason):
        run(text)


def test_rows_of_a_hive_table_cannot_be_deleted_though_the_engine_could(run: Statement) -> None:
    run("create table whole with (external_location='s3://lake/whole', partitioned_by=ARRAY['d']) as select 1 a, 'x' d")
    with pytest.raises(Failed, match="Modifying Hive table rows is only supported for transactional tables"):
        run("delete from whole where d = 'x'")


def test_a_view_sees_hive_and_iceberg_tables_alike(run: Statement) -> None:
    run("create table left_side with (external_location='s3://lake/t/left') as select 1 as id")
    run(
        "create table right_side with (table_type='iceberg', is_external=false, location='s3://lake/t/right') "
        "as select 1 as id, 'r' as v"
    )
    run('create or replace view "awsdatacatalog"."db"."both" as select v from left_side join right_side using (id)')
    assert run('select * from "awsdatacatalog"."db"."both"') == [["r"]]
    assert run("describe both")[0][0].split("\t")[:2] == [f"{'v':<20}", f"{'string':<20}"]
    assert ["CREATE VIEW awsdatacatalog.db.both SECURITY DEFINER AS"] in run("show create view both")
    run("drop view if exists both")
    assert ["both"] not in run("show views")


def test_the_seed_of_csv_that_dbt_uploads_becomes_a_typed_table(run: Statement) -> None:
    chosen = boto3.client("s3")
    chosen.put_object(Bucket=BUCKET.removeprefix("s3://"), Key="seed/s.csv", Body=b'id,name\n1,"a,b"\n2,\n')
    run(
        """create external table `db`.`s__dbt_tmp` (`id` string, `name` string)
        row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
        location 's3://lake/seed' tblproperties ('skip.header.line.count'='1')"""
    )
    run(
        "create table s with (external_location='s3://lake/t/s') as "
        "select cast(nullif(id, '') as integer) as id, cast(nullif(name, '') as varchar) as name from s__dbt_tmp"
    )
    assert run("select * from s order by id") == [["1", "a,b"], ["2", None]]


def test_a_table_of_text_takes_the_rows_that_dbt_inserts(run: Statement) -> None:
    run("create external table `db`.`ins` (`a` int, `d` date, `x` double, `y` boolean) location 's3://lake/t/ins'")
    run("insert into ins (a, d, x, y) values (1, date '2026-01-01', 1e10, true), (null, null, null, null)")
    assert run("select * from ins order by a") == [["1", "2026-01-01", "1.0E10", "true"], [None] * 4]


def test_unload_writes_files_and_leaves_no_table(run: Statement) -> None:
    text = "unload (select 1 as a, 'x' as p) to 's3://lake/u/' with (format='json', partitioned_by=ARRAY['p'])"
    before = run("show tables")
    run(text)
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET.removeprefix("s3://"), Prefix="u/p=x/")
    assert (found["KeyCount"], run("show tables")) == (1, before)
    with pytest.raises(Failed, match="HIVE_PATH_ALREADY_EXISTS"):
        run(text)


def test_dropping_a_database_by_cascade_takes_the_files_of_its_iceberg_tables(run: Statement) -> None:
    run("create database gone")
    run("create table gone.h with (external_location='s3://lake/gone/h') as select 1 as a")
    run(
        "create table gone.i with (table_type='iceberg', is_external=false, location='s3://lake/gone/i') "
        "as select 1 as a"
    )
    run("drop database gone cascade")
    bucket = BUCKET.removeprefix("s3://")
    store = boto3.client("s3")
    left = [store.list_objects_v2(Bucket=bucket, Prefix=f"gone/{name}/")["KeyCount"] for name in ("h", "i")]
    assert left == [1, 0]
    assert ["gone"] not in run("show databases")
