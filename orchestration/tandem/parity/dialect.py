"""Constructs that only some of the three engines know, or that they read differently, and what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MACRO = "write a macro in macros/cross_db"
_REFINE = "take it apart in refine, before the warehouse"


@dataclass(frozen=True)
class Rule:
    """A pattern of SQL text without strings and comments; group 1 is what the message names."""

    pattern: re.Pattern[str]
    message: str


def _text(pattern: str, message: str) -> Rule:
    return Rule(re.compile(f"({pattern})", re.IGNORECASE), message)


def _words(words: str, message: str) -> Rule:
    return _text(rf"\b(?:{'|'.join(words.split())})\b", message)


def _functions(names: str, message: str) -> Rule:
    return Rule(re.compile(rf"\b({'|'.join(names.split())})\s*\(", re.IGNORECASE), message)


def _types(names: str, message: str) -> Rule:
    return Rule(re.compile(rf"\bas\s+({'|'.join(names.split())})\s*(?=[(),])", re.IGNORECASE), message)


RULES = (
    _text("::", "only DuckDB and Snowflake cast so: write cast(… as …)"),
    _text('"', "quoted names differ in case between engines: use lower snake_case"),
    _text("//|(?<!/)/(?!/)", "1 / 2 is 0.5, 0 or 0.500000, by engine: use safe_divide"),
    _text(r"\*\*", "only DuckDB has this operator: use power()"),
    _text(r"[\[\]]", f"arrays have no common SQL: {_REFINE}"),
    _text("->>?", f"lambdas and JSON have no common SQL: {_REFINE}"),
    _text(r"\bgroup\s+by\s+all\b", "Athena does not have it: name the columns"),
    _text(r"\border\s+by\s+all\b", "Athena does not have it: name the columns"),
    _text(r"\bdistinct\s+on\b", "only DuckDB has it: use row_number()"),
    _text(r"\b(?:asof|positional)\s+join\b", "only DuckDB has it: join by a condition"),
    _text(r"\*\s*(?:exclude|except|rename|replace)\b", "no common SQL for it: name the columns"),
    _text(r"\binterval\b", "written differently by each engine: use dbt.dateadd"),
    _text(r"\bfilter\s*\(\s*where\b", "Snowflake does not have it: write sum(case when … end)"),
    _words("qualify", "Athena does not have it: filter in a further CTE"),
    _words("ilike glob", "Athena does not have it: use lower(…) like"),
    _words("pivot unpivot", "Athena does not have it: write out the columns"),
    _words("unnest flatten lateral", f"no common SQL for it: {_REFINE}"),
    _words("summarize describe pragma", "only DuckDB has it"),
    _text(r"\bcurrent_\w+|\blocaltimestamp\b", "time comes from the data or the logical date, not from the clock"),
    _functions("now today getdate sysdate", "time comes from the data or the logical date, not from the clock"),
    _functions(r"read_\w+ parquet_scan glob", "a model reads sources and models, no files"),
    _functions(r"list_\w+ array_\w+ struct_\w+ map_\w+ list", f"lists and structs have no common SQL: {_REFINE}"),
    _functions(r"json_\w+ from_json to_json try_parse_json parse_json", f"JSON has no common SQL: {_REFINE}"),
    _functions(r"regexp_\w+ rlike", f"regular expressions differ by engine: {_REFINE}"),
    _functions("strftime strptime date_format date_parse to_char format_datetime", f"no common function: {_MACRO}"),
    _functions(r"epoch\w* make_date make_timestamp to_timestamp to_date", f"no common function: {_MACRO}"),
    _functions("date_diff datediff datesub date_sub", "engines count differently: use dbt.datediff"),
    _functions("date_add dateadd", "no common function: use dbt.dateadd"),
    _functions("date_trunc", "of a date, a timestamp on DuckDB: use dbt.date_trunc and a cast"),
    _functions("week weekofyear dayofweek day_of_week isodow yearweek date_part", f"numbered differently: {_MACRO}"),
    _functions("string_agg listagg group_concat", "no common function: use dbt.listagg"),
    _functions("string_split split split_part left right", f"no common function: {_MACRO}"),
    _functions("ifnull nvl iff zeroifnull", "no common function: use coalesce or case"),
    _functions("concat greatest least", "with a null, null on some engines only: use || or case"),
    _functions(r"median quantile\w* percentile_\w+ approx_\w+ mode first last", f"no common function: {_MACRO}"),
    _functions("max_by min_by arg_max arg_min argmax argmin any_value", "no common function: use row_number()"),
    _functions("hash md5 sha256", f"answers differ by engine: {_MACRO}"),
    _functions("range generate_series sequence", "no common function: use a seed of numbers or dates"),
    _functions("len printf format try_cast", f"no common function: {_MACRO}"),
    _types(
        "text string int8 int4 int2 hugeint float float4 float8 real number datetime timestamptz",
        "a type of some "
        "engines only: varchar, bigint, integer, double, decimal(p, s), boolean, date; as_timestamp for timestamps",
    ),
    _text(r"\bas\s+timestamp\s*(?=\))", "Iceberg needs another precision than Hive: use as_timestamp"),
)

# In the whole text, Jinja included: these say which target a query runs on.
JINJA_RULES = (
    _text(r"\btarget\s*\.", "a query is the same on every target: differences live in macros/cross_db"),
    _text(r"\badapter\s*\.", "a query is the same on every target: differences live in macros/cross_db"),
    _text(r"\brun_started_at\b", "time comes from the data or the logical date, not from the clock"),
)
