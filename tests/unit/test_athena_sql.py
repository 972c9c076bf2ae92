"""What Athena accepts, said for Trino: statements that need no catalogue to be planned."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.errors import Refused
from tandem.standins.athena_sql.hive_types import read_type
from tandem.standins.athena_sql.plan import LocalStep, Plan, Relation, Session, TrinoStep, plan
from tandem.standins.athena_sql.tokens import Cursor, tokenize

SESSION = Session("db", "eu-west-1", glue=None, s3=None, output_location="s3://lake/results/")


def trino_step(found: Plan) -> TrinoStep:
    (step,) = [step for step in found.steps if isinstance(step, TrinoStep)]
    return step


def refusal(text: str, session: Any = SESSION) -> Refused:
    with pytest.raises(Refused) as caught:
        plan(text, session)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "SELECT ';' as \"a;b\" -- no; end",
        "with a as (select 1 as x) select * from a",
        "(select 1)",
        "values (1, 'it''s')",
        'select * from "awsdatacatalog"."db"."t" where x = \'`\'',
        "/* c */ select * from system.t where a.b.c = 1",
        "-- /* {\"app\": \"dbt\"} */\nselect 'µ', x'00', U&'\\00b5'",
    ],
)
def test_a_query_passes_unchanged(text: str) -> None:
    found = plan(text, SESSION)
    assert (found.kind, found.statement_type, found.substatement_type) == ("DML", "DML", "SELECT")
    assert found.steps == (TrinoStep(text, "awsdatacatalog", "db", {}),)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('insert into "awsdatacatalog"."db"."t" ("a") (select 1 as a)', "INSERT"),
        ("merge into db.t as target using s as src on (target.id = src.id) when matched then delete", "MERGE"),
        ("update t set a = 1", "UPDATE"),
        ("delete from t where a = 1", "DELETE"),
    ],
)
def test_a_change_of_rows_passes_unchanged_but_for_its_semicolon(text: str, word: str) -> None:
    found = plan(text + " ;\n", SESSION)
    assert (found.kind, found.substatement_type, found.writes) == ("DML", word, Relation("db", "t"))
    assert trino_step(found).sql == text + " "


def test_the_engine_counts_open_partitions_in_one_writer() -> None:
    for text in (
        "insert into t select 1",
        "create table t as select 1 as a",
        "unload (select 1) to 's3://b/c' with (format='orc')",
    ):
        session = trino_step(plan(text, SESSION)).session
        assert (session["task_writer_count"], session["task_partitioned_writer_count"]) == ("1", "1")


def test_the_table_that_dbt_makes_for_hive_is_said_for_trino_and_keeps_its_lines() -> None:
    text = """-- /* {"app": "dbt"} */
create table "awsdatacatalog"."db"."T"
    with (
      table_type='hive',
      is_external=true,external_location='s3://lake/t/',
      partitioned_by=ARRAY['d', 'e'], -- the days
      bucketed_by=ARRAY['id'], bucket_count=4,
      field_delimiter=';',
      write_compression='snappy',
      format='parquet'
    )
    as
      select nope"""
    found = plan(text, SESSION)
    step = trino_step(found)
    assert step.sql.splitlines()[:2] == [
        '-- /* {"app": "dbt"} */',
        """create table "awsdatacatalog"."db"."t" WITH (external_location = 's3://lake/t/', """
        """partitioned_by = ARRAY['d', 'e'], bucketed_by = ARRAY['id'], bucket_count = 4, """
        """textfile_field_separator = ';', format = 'PARQUET')""",
    ]
    assert step.sql.splitlines()[-1] == text.splitlines()[-1]
    assert step.sql.count("\n") == text.count("\n")
    assert step.session["awsdatacatalog.compression_codec"] == "SNAPPY"
    assert (found.kind, found.substatement_type) == ("DDL", "CREATE_TABLE_AS_SELECT")
    assert (found.writes, found.query, found.destination) == (Relation("db", "t"), "select nope", "s3://lake/t/")


def test_a_list_over_several_lines_keeps_the_lines_too() -> None:
    text = "create table t with (partitioned_by=ARRAY['a', -- one\n 'b'],\n external_location='s3://l/t')\nas\nselect 1"
    assert trino_step(plan(text, SESSION)).sql.splitlines()[-1] == "select 1"
    assert trino_step(plan(text, SESSION)).sql.count("\n") == text.count("\n")


def test_an_iceberg_table_is_made_in_its_catalogue_without_what_only_maintenance_reads() -> None:
    text = (
        "create table db.t with (table_type='ICEBERG', is_external=false, location='s3://lake/t', "
        "partitioning=ARRAY['bucket(id, 4)'], vacuum_max_snapshot_age_seconds=86400, "
        "optimize_rewrite_delete_file_threshold=2, write_compression='ZSTD', format='orc') as select 1 as id"
    )
    step = trino_step(plan(text, SESSION))
    assert step.sql == (
        'create table "iceberg"."db"."t" WITH (location = \'s3://lake/t\', '
        "partitioning = ARRAY['bucket(id, 4)'], format = 'ORC') as select 1 as id"
    )
    assert step.session["iceberg.compression_codec"] == "ZSTD"


def test_a_table_without_properties_is_parquet_below_the_output_location() -> None:
    first, second = (plan("create table t as select 1 as a", SESSION) for _ in range(2))
    assert "format = 'PARQUET'" in trino_step(first).sql
    assert first.destination.startswith("s3://lake/results/tables/")
    assert first.destination != second.destination


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("foo = 'x'", "table property 'foo' does not exist"),
        ("partitioning = ARRAY['a']", "table property 'partitioning' does not exist"),
        (
            "table_type = 'ICEBERG', is_external = false, location = 's3://b/c', partitioned_by = ARRAY['a']",
            "partitioned_by",
        ),
        ("table_type = 'DELTA'", "not HIVE or ICEBERG"),
        ("table_type = 'ICEBERG', location = 's3://b/c'", "is_external = false"),
        ("table_type = 'ICEBERG', is_external = false", "needs the property location"),
        ("format = 'rcbinary'", "not supported for HIVE"),
        ("write_compression = 'lzo'", "not one of"),
        ("format = 'orc', format = 'orc'", "Duplicate property"),
    ],
)
def test_a_property_that_athena_does_not_have_is_refused(properties: str, reason: str) -> None:
    assert reason in str(refusal(f"create table t with ({properties}) as select 1 as a"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("set session hive.x = 1", "set session"),
        ("create or replace table t as select 1", "create or replace"),
        ("use db", "use db"),
        ("call system.sync()", "call system"),
        ("grant select on t to u", "grant"),
        ("revoke select on t from u", "revoke"),
        ("analyze t", "analyze"),
        ("comment on table t is 'x'", "comment on"),
        ("truncate table t", "truncate"),
        ("start transaction", "start transaction"),
        ("refresh materialized view v", "refresh materialized"),
        ("create materialized view v as select 1", "create materialized"),
        ("show catalogs", "SHOW CATALOGS"),
        ("show session", "SHOW SESSION"),
        ("describe input q", "DESCRIBE INPUT"),
        ("alter view v rename to w", "alter view"),
        ("explain drop table t", "EXPLAIN"),
        ("explain analyze create table t as select 1 as a", "EXPLAIN ANALYZE"),
        ("selec 1", "selec 1"),
    ],
)
def test_a_statement_that_athena_does_not_have_is_refused_at_its_start(text: str, named: str) -> None:
    session = Session("db", "eu-west-1", _NoTables(), None, "s3://lake/results/")
    refused = refusal(text, session)
    assert refused.at_start
    assert f"not supported: {named}" in str(refused)


def test_a_prepared_statement_is_said_to_be_missing_here() -> None:
    assert "local Athena" in str(refusal("prepare q from select 1"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1; select 2", "Only one sql statement is allowed"),
        (" ; ", "Query string is empty"),
        ("-- nothing", "Query string is empty"),
        ("insert overwrite t select 1", "line 1:8: mismatched input 'overwrite'. Expecting: INTO"),
        ("create table\n `t` as select 1", "line 2:2: backquoted identifiers are not supported"),
    ],
)
def test_what_is_no_statement_is_refused_at_its_start(text: str, reason: str) -> None:
    refused = refusal(text)
    assert refused.at_start
    assert reason in str(refused)


@pytest.mark.parametrize(
    "text",
    [
        "select * from iceberg.db.t",
        'select 1 from t\njoin "system".runtime.queries on true',
        "insert into iceberg.db.t select 1",
        "create view iceberg.db.v as select 1 as a",
        "create table other.db.t as select 1 as a",
        "drop view other.db.v",
    ],
)
def test_a_catalogue_that_only_the_engine_has_is_refused(text: str) -> None:
    assert refusal(text).error_type == "CATALOG_NOT_FOUND"


def test_views_are_the_engines_and_dropping_one_takes_either_quotes() -> None:
    text = 'create or replace view\n  "awsdatacatalog"."db"."v"\nas\n  select 1 as a'
    found = plan(text, SESSION)
    assert (trino_step(found).sql, found.substatement_type, found.query) == (text, "CREATE_VIEW", "select 1 as a")
    for name in ('"awsdatacatalog"."db"."v"', "`db`.`v`", "v"):
        assert trino_step(plan(f"drop view if exists {name}", SESSION)).sql == (
            'DROP VIEW IF EXISTS "awsdatacatalog"."db"."v"'
        )


def test_explain_is_put_before_what_the_statement_became() -> None:
    found = plan(
        "explain (type validate)\ncreate table t with (external_location='s3://b/c') as select 1 as a", SESSION
    )
    assert (found.kind, found.substatement_type) == ("UTILITY", "EXPLAIN")
    assert trino_step(found).sql == (
        'explain (type validate)\ncreate table "awsdatacatalog"."db"."t" '
        "WITH (external_location = 's3://b/c', format = 'PARQUET') as select 1 as a"
    )
    assert trino_step(plan("explain (select 1)", SESSION)).sql == "explain (select 1)"


def test_unload_is_a_table_that_is_forgotten_and_its_query_keeps_its_lines() -> None:
    text = "unload\n(select 1 as a)\nto 's3://lake/u/' with (format = 'json', partitioned_by = ARRAY['a'])"
    found = plan(text, SESSION)
    before, after = trino_step(found).sql.split("\n")
    assert before.endswith("WITH (format = 'JSON', external_location = 's3://lake/u/', partitioned_by = ARRAY['a']) AS")
    assert after.strip() == "(select 1 as a)"
    assert isinstance(found.steps[-1], LocalStep)
    assert (found.kind, found.substatement_type, found.destination) == ("DML", "UNLOAD", "s3://lake/u/")


@pytest.mark.parametrize("properties", ["", " with (format = 'csv')", " with (format = 'orc', location = 's3://b/c')"])
def test_unload_without_a_format_of_athenas_is_refused(properties: str) -> None:
    assert refusal(f"unload (select 1) to 's3://b/c'{properties}").error_type == "INVALID_TABLE_PROPERTY"


def test_an_iceberg_definition_in_hives_words_is_said_for_trino() -> None:
    text = """create table if not exists db.t (id int comment 'it\\'s', `at` timestamp, tags array<string>,
      pairs map<string,decimal(10,2)>, pos struct<x:double,y:float>, raw binary)
      partitioned by (bucket(4, id), day(at), `id`) location 's3://lake/t'
      tblproperties ('table_type'='ICEBERG', 'format'='orc', 'vacuum_min_snapshots_to_keep'='2')"""
    assert trino_step(plan(text, SESSION)).sql == (
        'CREATE TABLE IF NOT EXISTS "iceberg"."db"."t" ("id" integer COMMENT \'it\'\'s\', "at" timestamp(6), '
        '"tags" array(varchar), "pairs" map(varchar, decimal(10,2)), "pos" row("x" double, "y" real), '
        "\"raw\" varbinary) WITH (location = 's3://lake/t', format = 'ORC', "
        "partitioning = ARRAY['bucket(id, 4)', 'day(at)', 'id'])"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("create table t (a int)", "'table_type'='ICEBERG'"),
        ("create table t (a int) tblproperties ('table_type'='iceberg')", "LOCATION"),
        (
            "create table t (a int) partitioned by (b int) location 's3://b/c' tblproperties ('table_type'='iceberg')",
            "type",
        ),
        (
            "create table t (a int) location 's3://b/c' tblproperties ('table_type'='iceberg', 'x'='y')",
            "property key: x",
        ),
        ("create table t (like s)", "mismatched input 's'"),
        ("create external table t (a int)", "LOCATION"),
        ("create external table t (a int) location '/tmp/x'", "must be an s3:// address"),
        ("create external table t (a int) partitioned by (a string) location 's3://b/c'", "Column repeated"),
        ("create external table t (a int) partitioned by (day(a)) location 's3://b/c'", "has no type"),
        ("create external table t (a int) stored as delta location 's3://b/c'", "Unrecognized file format"),
        ("create external table t (a integer) location 's3://b/c'", "mismatched input 'integer'"),
        ("create external table t (a varchar) location 's3://b/c'", "expecting ("),
        ("create external table t (a array<int) location 's3://b/c'", "expecting >"),
        ("create external table \"t\" (a int) location 's3://b/c'", "mismatched input '\"t\"'"),
        ("create external table t (a int) skewed by (a) location 's3://b/c'", "mismatched input 'skewed'"),
        ("create database a.b", "mismatched input '.'"),
        ("drop table t cascade", "mismatched input 'cascade'"),
        ("show tables in db extra", "mismatched input 'extra'"),
    ],
)
def test_a_definition_that_athena_refuses_is_refused_by_name(text: str, reason: str) -> None:
    refused = refusal(text)
    assert not refused.at_start
    assert reason in str(refused)


@pytest.mark.parametrize(
    ("written", "hive", "trino"),
    [
        ("BIGINT", "bigint", "bigint"),
        ("decimal", "decimal(10,0)", "decimal(10,0)"),
        ("decimal(38, 6)", "decimal(38,6)", "decimal(38,6)"),
        ("varchar(10)", "varchar(10)", "varchar"),
        ("float", "float", "real"),
        ("timestamp", "timestamp", "timestamp(6)"),
        ("array<array<int>>", "array<array<int>>", "array(array(integer))"),
        (
            "map<string,struct<a:int,`b`:string>>",
            "map<string,struct<a:int,b:string>>",
            'map(varchar, row("a" integer, "b" varchar))',
        ),
    ],
)
def test_a_type_is_kept_for_glue_and_said_for_trino(written: str, hive: str, trino: str) -> None:
    assert read_type(Cursor(written)) == (hive, trino)


def test_quotes_mean_what_the_language_says() -> None:
    text = """select "a""b", 'it''s; -- x' /* ; */ -- ;"""
    assert [token.kind for token in tokenize(text, "trino")] == ["word", "quoted", "op", "string"]
    assert Cursor("""'it\\'s\\t"\\u00b5\\001'""").string() == "it's\t\"µ\x01"
    assert Cursor('"a\\"b"').string() == 'a"b'
    assert Cursor("`a``B`").name() == "a`b"


def test_a_year_of_days_in_one_statement_is_read_in_no_time() -> None:
    days = " or ".join(
        f"d between date '{2000 + n // 12}-{n % 12 + 1:02}-01' and date '2026-01-01'" for n in range(4000)
    )
    assert len(days) < 262_144
    assert plan(f"select * from t where {days}", SESSION).substatement_type == "SELECT"


class _NoTables:
    """A catalogue in which nothing is."""

    class exceptions:  # noqa: N801
        class EntityNotFoundException(Exception):
            pass

    def get_table(self, **_: str) -> dict[str, Any]:
        raise self.exceptions.EntityNotFoundException
