"""Hive's definitions, SHOW and DESCRIBE on the catalogue and the store of moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tandem.errors import Refused
from tandem.standins.athena_sql.plan import LocalStep, Plan, Session, TrinoStep, plan

REGION = "eu-west-1"
EXT = """create external table `db`.`ext` (`id` bigint comment 'it\\'s', name string) comment 'c'
  partitioned by (year string, month string) stored as parquet location 's3://lake/ext/' tblproperties ('a'='b')"""
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[Any, Any]]:
    """Made once: reading the services' descriptions takes longer than any test here."""
    with mock_aws():
        keys = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        glue, s3 = boto3.client("glue", **keys), boto3.client("s3", **keys)
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield glue, s3


@pytest.fixture
def session(clients: tuple[Any, Any]) -> Session:
    glue, s3 = clients
    for database in glue.get_databases()["DatabaseList"]:
        glue.delete_database(Name=database["Name"])
    for entry in s3.list_objects_v2(Bucket="lake").get("Contents", []):
        s3.delete_object(Bucket="lake", Key=entry["Key"])
    glue.create_database(DatabaseInput={"Name": "db"})
    return Session("db", REGION, glue, s3, "s3://lake/results/")


def run(text: str, session: Session) -> list[Any]:
    """The rows of a statement that is the catalogue's alone; of one column their values."""
    rows: list[list[str | None]] = []
    for step in plan(text, session).steps:
        assert isinstance(step, LocalStep)
        rows = step.run().rows
    return [row[0] if len(row) == 1 else row for row in rows]


def refusal(text: str, session: Session) -> str:
    with pytest.raises(Refused) as caught:
        run(text, session)
    return str(caught.value)


def table(session: Session, name: str = "ext") -> dict[str, Any]:
    return session.glue.get_table(DatabaseName="db", Name=name)["Table"]


def iceberg(session: Session, name: str = "ice") -> None:
    """An entry such as the engine writes for an Iceberg table."""
    entry = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://lake/ice/m.json"},
        "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "int"}], "Location": "s3://lake/ice"},
    }
    session.glue.create_table(DatabaseName="db", TableInput=entry)


def altered(clause: str, session: Session) -> list[str]:
    """What Trino is told for a change of an Iceberg table, without its beginning."""
    before = 'ALTER TABLE "iceberg"."db"."ice" '
    steps = plan(f"alter table `db`.`ice` {clause}", session).steps
    assert all(isinstance(step, TrinoStep) for step in steps)
    return [step.sql.removeprefix(before) for step in steps if isinstance(step, TrinoStep)]


def test_an_external_table_is_written_as_athena_writes_it(session: Session) -> None:
    found: Plan = plan(EXT, session)
    assert (found.kind, found.substatement_type) == ("DDL", "CREATE_TABLE")
    run(EXT, session)
    entry = table(session)
    assert (entry["TableType"], entry["Parameters"]) == ("EXTERNAL_TABLE", {"EXTERNAL": "TRUE", "a": "b"})
    assert entry["PartitionKeys"] == [{"Name": "year", "Type": "string"}, {"Name": "month", "Type": "string"}]
    storage = entry["StorageDescriptor"]
    assert storage["Columns"][0] == {"Name": "id", "Type": "bigint", "Comment": "it's"}
    assert (storage["Location"], storage["SerdeInfo"]["SerializationLibrary"]) == ("s3://lake/ext/", PARQUET)
    assert "already exists" in refusal(EXT, session)
    run(EXT.replace("table `db`", "table if not exists `db`"), session)


def test_the_seed_that_dbt_uploads_is_a_table_of_csv(session: Session) -> None:
    run(
        """create external table `db`.`s` (`id` string)
        row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde' with serdeproperties ('separatorChar'=';')
        location 's3://lake/s' tblproperties ('skip.header.line.count'='1')""",
        session,
    )
    entry = table(session, "s")
    assert entry["StorageDescriptor"]["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"serialization.format": "1", "separatorChar": ";"},
    }
    assert entry["Parameters"]["skip.header.line.count"] == "1"


def test_delimiters_and_buckets_are_kept(session: Session) -> None:
    run(
        """create external table t (a int) clustered by (a) into 4 buckets
        row format delimited fields terminated by '\\t' lines terminated by '\\n' null defined as ''
        stored as inputformat 'in' outputformat 'out' location 's3://lake/t'""",
        session,
    )
    storage = table(session, "t")["StorageDescriptor"]
    assert storage["SerdeInfo"]["Parameters"]["field.delim"] == "\t"
    assert (storage["InputFormat"], storage["OutputFormat"]) == ("in", "out")
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (["a"], 4)


def test_databases_are_made_changed_and_dropped(session: Session) -> None:
    text = "create schema if not exists `more` comment 'c' location 's3://lake/more/' with dbproperties ('a'='b')"
    run(text, session)
    run(text, session)
    assert "already exists" in refusal("create database more", session)
    run("alter database more set dbproperties ('c'='d')", session)
    assert session.glue.get_database(Name="more")["Database"]["Parameters"] == {"a": "b", "c": "d"}
    assert run("show databases like 'm*'", session) == ["more"]
    assert run("show schemas", session) == ["db", "more"]
    run("drop schema more", session)
    run("drop database if exists more", session)
    assert "does not exist" in refusal("drop database more", session)
    assert "does not exist" in refusal("create external table more.t (a int) location 's3://lake/t'", session)


def test_a_database_with_tables_is_dropped_by_cascade_only(session: Session) -> None:
    run(EXT, session)
    assert "is not empty" in refusal("drop database db", session)
    iceberg(session)
    first, last = plan("drop schema if exists `db` cascade", session).steps
    assert first == TrinoStep('DROP TABLE IF EXISTS "iceberg"."db"."ice"', "iceberg", "db")
    assert isinstance(last, LocalStep)
    last.run()
    assert run("show databases", session) == []


def test_partitions_are_added_moved_renamed_and_dropped(session: Session) -> None:
    run(EXT, session)
    added = "alter table db.ext add if not exists partition (year='2025', month='09') location 's3://lake/o/' "
    run(added + "partition (month='10', year='2025') partition (year=2026, month='01')", session)
    run(added, session)
    assert "already exists" in refusal("alter table db.ext add partition (year='2025', month='09')", session)
    assert run("show partitions ext", session) == ["year=2025/month=09", "year=2025/month=10", "year=2026/month=01"]

    def location(*values: str) -> str:
        found = session.glue.get_partition(DatabaseName="db", TableName="ext", PartitionValues=list(values))
        return found["Partition"]["StorageDescriptor"]["Location"]

    assert location("2025", "10") == "s3://lake/ext/year=2025/month=10/"
    run("alter table ext partition (year='2025', month='10') set location 's3://lake/elsewhere/'", session)
    assert (location("2025", "09"), location("2025", "10")) == ("s3://lake/o/", "s3://lake/elsewhere/")
    run("alter table ext partition (year='2026', month='01') rename to partition (year='2027', month='01')", session)
    run("alter table ext drop partition (year='2025', month='10'), partition (year='2027')", session)
    assert run("show partitions ext", session) == ["year=2025/month=09"]
    assert "not found" in refusal("alter table ext drop partition (year='1999')", session)
    run("alter table ext drop if exists partition (year='1999')", session)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alter table ext add partition (year='2025')", "does not name all"),
        ("alter table ext drop partition (day='1')", "not a partition column"),
        ("alter table ext drop partition (year > '2025')", "mismatched input '>'"),
        ("alter table ext partition (year='1', month='1') set location 's3://lake/x'", "Partition not found"),
        ("alter table ext add", "mismatched input '<EOF>'"),
        ("alter table ext rename to db.new", "mismatched input 'rename'"),
        ("alter table ext drop column name", "mismatched input 'column'"),
        ("alter table ext execute optimize", "mismatched input 'execute'"),
        ("alter table ext set location '/tmp'", "must be an s3:// address"),
        ("alter table ext add columns (name string)", "Duplicate column name"),
        ("alter table ext change column nope id bigint", "Invalid column reference nope"),
        ("alter table nope add columns (a int)", "Table not found db.nope"),
        ("msck repair table nope", "Table not found"),
        ("show create table nope", "Table not found"),
        ("show partitions nope", "Table not found"),
        ("show tables in nope", "Database does not exist"),
        ("drop table nope", "Table not found"),
        ("optimize ext rewrite data using bin_pack", "not an Iceberg table"),
        ("vacuum ext", "not an Iceberg table"),
    ],
)
def test_a_change_that_athena_cannot_make_is_refused_by_name(session: Session, text: str, reason: str) -> None:
    run(EXT, session)
    assert reason in refusal(text, session)


def test_msck_finds_the_folders_that_are_partitions(session: Session) -> None:
    run(EXT, session)
    for key in ("year=2025/month=09/f", "year=2025/month=10/commit=a/f", "year=2025/f", "other/f"):
        session.s3.put_object(Bucket="lake", Key=f"ext/{key}", Body=b"")
    assert run("msck repair table db.ext", session) == [
        "Partitions not in metastore:\tdb.ext:year=2025/month=09",
        "Partitions not in metastore:\tdb.ext:year=2025/month=10",
    ]
    assert run("msck repair table db.ext", session) == []
    assert len(run("show partitions db.ext", session)) == 2


def test_many_partitions_go_in_batches(session: Session) -> None:
    run(EXT, session)
    specs = " ".join(f"partition (year='{year}', month='01')" for year in range(1000, 1230))
    run(f"alter table ext add {specs}", session)
    assert len(run("show partitions ext", session)) == 230
    run("alter table ext drop partition (month='01')", session)
    assert run("show partitions ext", session) == []


def test_columns_and_properties_of_a_hive_table_are_changed(session: Session) -> None:
    run(EXT, session)
    run("alter table `db`.`ext` add columns (`n` int, m decimal(10,2))", session)
    run("alter table `db`.`ext` set tblproperties ('classification' = 'parquet')", session)
    run("alter table ext change column name label varchar(5) comment 'l'", session)
    entry = table(session)
    assert [column["Name"] for column in entry["StorageDescriptor"]["Columns"]] == ["id", "label", "n", "m"]
    assert entry["Parameters"] == {"EXTERNAL": "TRUE", "a": "b", "classification": "parquet"}
    run("alter table ext replace columns (`id` bigint)", session)
    run("alter table ext set location 's3://lake/new/'", session)
    assert table(session)["StorageDescriptor"]["Location"] == "s3://lake/new/"
    assert run("show columns in ext from db", session) == [f"{name:<20}" for name in ("id", "year", "month")]


def test_a_hive_table_is_dropped_from_the_catalogue_and_its_files_stay(session: Session) -> None:
    run(EXT, session)
    session.s3.put_object(Bucket="lake", Key="ext/f", Body=b"")
    run("drop table if exists `db`.`ext`", session)
    run("drop table if exists `db`.`ext`", session)
    assert session.s3.list_objects_v2(Bucket="lake", Prefix="ext/")["KeyCount"] == 1


def test_a_view_is_neither_dropped_nor_altered_as_a_table(session: Session) -> None:
    view = {"Name": "v", "TableType": "VIRTUAL_VIEW", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}
    session.glue.create_table(DatabaseName="db", TableInput=view)
    run(EXT, session)
    assert "Cannot drop a view" in refusal("drop table v", session)
    assert "ALTER VIEW" in refusal("alter table v add columns (a int)", session)
    assert (run("show tables", session), run("show tables 'e*|x'", session)) == (["ext", "v"], ["ext"])
    assert run("show views in db like '*'", session) == ["v"]
    assert run("describe view v", session) == [f"{'a':<20}\t{'int':<20}\t{'':<20}"]


def test_rows_of_a_hive_table_cannot_be_changed_and_a_bucketed_one_takes_no_insert(session: Session) -> None:
    run(EXT, session)
    run("create external table b (a int) clustered by (a) into 2 buckets location 's3://lake/b'", session)
    iceberg(session)

    def check(text: str) -> None:
        step = plan(text, session).steps[0]
        assert isinstance(step, LocalStep)
        step.run()

    for text in ("merge into ext using s on true when matched then delete", "delete from ext", "update ext set id = 1"):
        with pytest.raises(Refused, match="Modifying Hive table rows"):
            check(text)
    with pytest.raises(Refused, match="bucketed"):
        check("insert into b select 1")
    for text in ("insert into ext select 1", "delete from ice", "delete from missing", "insert into missing select 1"):
        check(text)


def test_a_change_of_an_iceberg_table_is_the_engines(session: Session) -> None:
    iceberg(session)
    assert altered("add columns (`a` int, b timestamp comment 'it\\'s')", session) == [
        'ADD COLUMN "a" integer',
        "ADD COLUMN \"b\" timestamp(6) COMMENT 'it''s'",
    ]
    assert altered("drop column `a`", session) == ['DROP COLUMN "a"']
    assert altered("change column a__dbt_alter a bigint", session) == [
        'ALTER COLUMN "a__dbt_alter" SET DATA TYPE bigint',
        'RENAME COLUMN "a__dbt_alter" TO "a"',
    ]
    assert altered("rename to `db`.`new`", session) == ['RENAME TO "iceberg"."db"."new"']
    assert altered("set tblproperties ('format'='orc')", session) == ["SET PROPERTIES format = 'ORC'"]
    for clause in ("set tblproperties ('vacuum_min_snapshots_to_keep'='1')", "unset tblproperties ('format')"):
        assert altered(clause, session) == ["SELECT 1 WHERE false"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("alter table ice replace columns (a int)", "mismatched input 'replace'"),
        ("alter table ice add partition (a='1')", "mismatched input 'add'"),
        ("alter table ice execute optimize", "mismatched input 'execute'"),
        ("alter table ice rename column a to b", "mismatched input 'rename'"),
        ("alter table ice set tblproperties ('x'='y')", "Unsupported table property key: x"),
        ("alter table ice change column a a int first", "order of the columns"),
        ("msck repair table ice", "not supported for Iceberg"),
        ("optimize ice", "Expecting: REWRITE"),
        ("show partitions ice", "not a partitioned table"),
    ],
)
def test_a_change_of_an_iceberg_table_that_athena_cannot_make_is_refused(
    session: Session, text: str, reason: str
) -> None:
    iceberg(session)
    assert reason in refusal(text, session)


def test_an_iceberg_table_is_dropped_and_maintained_by_the_engine(session: Session) -> None:
    iceberg(session)
    assert plan("drop table if exists `db`.`ice`", session).steps == (
        TrinoStep('DROP TABLE IF EXISTS "iceberg"."db"."ice"', "iceberg", "db"),
    )
    (step,) = plan("optimize awsdatacatalog.db.ice rewrite data using bin_pack where id = 1", session).steps
    assert isinstance(step, TrinoStep)
    assert step.sql == 'ALTER TABLE "iceberg"."db"."ice" EXECUTE optimize where id = 1'
    assert [
        step.sql.split("EXECUTE ")[1] for step in plan("vacuum ice", session).steps if isinstance(step, TrinoStep)
    ] == [
        "expire_snapshots(retention_threshold => '5d')",
        "remove_orphan_files(retention_threshold => '3d')",
    ]


def test_a_table_is_described_in_athenas_words(session: Session) -> None:
    run(EXT, session)
    rows = run("describe db.ext", session)
    assert rows[:2] == [
        f"{'id':<20}\t{'bigint':<20}\t{chr(39).join(('it', 's')):<20}",
        f"{'name':<20}\t{'string':<20}\t{'':<20}",
    ]
    assert rows[4:] == ["", "# Partition Information", "# col_name\tdata_type\tcomment", "", *rows[2:4]]
    assert "Location:\ts3://lake/ext/" in run("describe formatted ext", session)
    assert run("show tblproperties ext", session) == ["EXTERNAL\tTRUE", "a\tb"]
    assert run("show tblproperties ext('a')", session) == ["b"]
    assert "does not have property" in run("show tblproperties ext('z')", session)[0]


def test_what_show_create_prints_makes_the_same_table(session: Session) -> None:
    run(EXT, session)
    before = table(session)
    printed = "\n".join(run("show create table db.ext", session))
    run("drop table db.ext", session)
    run(printed.replace("`db.ext`", "db.ext"), session)
    after = table(session)
    for part in ("StorageDescriptor", "PartitionKeys", "Parameters"):
        assert after[part] == before[part]


def test_an_iceberg_table_is_shown_as_it_is_made(session: Session) -> None:
    iceberg(session)
    printed = run("show create table ice", session)
    assert printed == ["CREATE TABLE `db.ice`(", "  `id` int)", "LOCATION", "  's3://lake/ice'", *printed[4:]]
    assert printed[4:] == ["TBLPROPERTIES (", "  'table_type'='ICEBERG')"]


def test_an_unloaded_table_is_forgotten(session: Session) -> None:
    *_, made, forget = plan("unload (select 1 as a) to 's3://lake/u/' with (format='orc')", session).steps
    assert isinstance(made, TrinoStep)
    assert isinstance(forget, LocalStep)
    name = made.sql.split('"')[5]
    session.glue.create_table(DatabaseName="db", TableInput={"Name": name})
    forget.run()
    assert run("show tables", session) == []
