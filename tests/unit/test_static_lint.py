"""The check of the models' text: what only some engines know is found, with its line; the rest is left alone."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tandem.parity import static_lint
from tandem.parity.static_lint import check, queries

ENGINE_SPECIFIC = [
    "select strftime(day, '%Y') from days",
    "select * from read_parquet('lake/*.parquet')",
    "select a::bigint from t",
    'select "Value" from t',
    "select a / b from t",
    "select a // b from t",
    "select values[1] from t",
    "select list_sum(x) from t",
    "select struct_pack(a := 1)",
    "select a -> 'b' from t",
    "select unnest(x) from t",
    "select * exclude (a) from t",
    "select a from t qualify row_number() over (order by a) = 1",
    "select a, count(*) from t group by all",
    "select a from t where b ilike 'x%'",
    "select distinct on (a) a, b from t",
    "select day + interval '1 day' from days",
    "select count(*) filter (where a) from t",
    "select current_date",
    "select now()",
    "select cast(a as text) from t",
    "select cast(a as timestamp) from t",
    "select cast(sum(a) as hugeint) from t",
    "select date_diff('day', a, b) from t",
    "select date_trunc('month', a) from t",
    "select regexp_matches(a, 'b') from t",
    "select string_agg(a, ',') from t",
    "select epoch_ms(a) from t",
    "select greatest(a, b) from t",
    "select md5(a) from t",
    "select {{ target.type }} from t",
    "{% if adapter.type() == 'duckdb' %} select 1 {% endif %}",
]

COMMON = [
    "select sum(a) as total, count(*) from t group by b order by b nulls last",
    "select * from a left join b on a.x = b.x",
    "select cast(a as decimal(18, 2)), cast(b as date), coalesce(c, 0) from t",
    "select 'a / b :: \"c\" now()' from t",
    "-- a / b\nselect 1",
    "{# strftime(x) #} select 1",
    "select {{ safe_divide('a', 'b') }}, {{ as_timestamp('c') }} from t",
    "select sum(a) over (partition by b order by c range between 7 preceding and current row) from t",
    "select case when a > b then a else b end as first_value_of, year, month, day from t",
]


@pytest.fixture
def lint(tmp_path: Path):
    def run(text: str, name: str = "model.sql"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return check([path], tmp_path)

    return run


@pytest.mark.parametrize("sql", ENGINE_SPECIFIC)
def test_what_only_some_engines_know_is_found(lint, sql):
    assert lint(sql)


@pytest.mark.parametrize("sql", COMMON)
def test_what_all_engines_read_alike_is_left_alone(lint, sql):
    assert lint(sql) == []


def test_a_finding_names_file_and_line_and_what_to_do_instead(lint):
    (finding,) = lint("{#\n  two lines\n#}\nselect\n    a,\n    strftime(b, '%Y') as y\nfrom t\n")
    assert (finding.path, finding.line, finding.model) == ("model.sql", 6, "model")
    assert str(finding).startswith("model.sql:6: strftime: no common function")


def test_a_line_counts_also_after_a_block_that_jinja_takes_out(lint):
    (finding,) = lint("{% if a %}\n\n{% endif %}\nselect 'x\ny', now() from t")
    assert finding.line == 5


def test_the_expressions_of_data_tests_are_checked_too(lint):
    yml = "models:\n  - name: a\n    description: a / b\n    arguments: {expression: a / b > 1}\n"
    (finding,) = lint(yml, "models.yml")
    assert finding.line == 4


def test_a_quoted_expression_is_read_without_its_quotes(lint):
    assert lint('arguments:\n  expression: "abs({{ dbt.datediff(1, 2) }}) <= 1"\n', "models.yml") == []
    assert lint('arguments:\n  expression: "a::date <= b"\n', "models.yml")


def test_the_project_has_none_of_it_and_is_checked_in_less_than_a_second():
    began = time.perf_counter()
    assert [str(finding) for finding in check(queries())] == []
    assert time.perf_counter() - began < 1


def test_the_command_prints_findings_and_ends_with_one(tmp_path):
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("select now()")
    ended = subprocess.run([sys.executable, static_lint.__file__, str(wrong)], capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stdout.startswith(f"{wrong}:1: now: ")


def test_the_command_says_nothing_of_a_clean_project(capsys):
    assert static_lint.main([]) == 0
    assert capsys.readouterr().out == ""
