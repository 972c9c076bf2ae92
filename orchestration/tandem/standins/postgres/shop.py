"""The shop's database: four tables, each a view of what a history of rows shows on the day of a connection.

A row of the history is there from the end of `visible_from` (none: always) until before the end of `visible_to`
(none: for ever). The day is named in the connection's application_name, `tandem ecommerce YYYY-MM-DD`; a connection
that names none sees the newest state. So one server plays every day, in any order, to many at once.
"""

# ruff: noqa: S608  # the names are this file's own
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tandem.settings import SAMPLE_DATA
from tandem.standins.postgres.content import Content

DATABASE = "ecommerce"
HISTORY = SAMPLE_DATA / "ecommerce" / "postgres"
KEYS = {"customers": "customer_id", "products": "product_id", "orders": "order_id", "order_items": "order_item_id"}
CHANGED_BY = {"customers": "updated_at", "products": "updated_at", "orders": "updated_at", "order_items": "created_at"}
COLUMNS = {
    "customers": """
        customer_id integer, email varchar(255), first_name varchar(100), last_name varchar(100), phone varchar(40),
        address varchar(255), city varchar(100), state varchar(100), country varchar(100), zip_code varchar(20),
        created_at timestamp, updated_at timestamp""",
    "products": """
        product_id integer, name varchar(255), category varchar(100), subcategory varchar(100), price numeric(10,2),
        cost numeric(10,2), weight_kg numeric(8,2), is_active boolean, created_at timestamp, updated_at timestamp""",
    "orders": """
        order_id bigint, customer_id integer, order_date timestamptz, status varchar(40), total_amount numeric(12,2),
        shipping_address varchar(255), shipping_city varchar(100), shipping_state varchar(100),
        shipping_country varchar(100), shipping_zip varchar(20), created_at timestamptz, updated_at timestamptz""",
    "order_items": """
        order_item_id bigint, order_id bigint, product_id integer, quantity integer, unit_price numeric(10,2),
        discount_pct numeric(5,2), line_total numeric(12,2), created_at timestamptz""",
}
TODAY = r"""
create function history.today() returns date stable language sql as $$
  select coalesce(
    substring(current_setting('application_name') from '^tandem ecommerce (\d{4}-\d{2}-\d{2})$')::date,
    'infinity'::date)
$$;
"""


def content(folder: Path = HISTORY, *, plain: bool = False) -> Content:
    """The shop of a folder that `scripts/generate_ecommerce.py` wrote.

    `plain` makes ordinary tables of the newest state, with primary keys, which can be altered and written to.
    """
    finish = _tables if plain else _views
    tables = "".join(
        f"create table history.{name} ({columns}, visible_from date, visible_to date);\n"
        for name, columns in COLUMNS.items()
    )
    before, after = f"create schema history;\n{tables}", "".join(finish())
    return Content.of_folder(folder, "history", before=before, after=after, database=DATABASE)


def plain_tables() -> str:
    """Statements that make the four tables empty, for content of one's own."""
    return "".join(
        f"create table {name} ({columns}, primary key ({KEYS[name]}));\ncreate index on {name} ({CHANGED_BY[name]});\n"
        for name, columns in COLUMNS.items()
    )


def names_of(table: str) -> str:
    """The columns of a table, comma separated."""
    return ", ".join(column.split()[0] for column in _split(COLUMNS[table]))


def _split(columns: str) -> list[str]:
    return [column for column in columns.replace("\n", " ").split(", ") if column.strip()]


def _views() -> Iterator[str]:
    yield TODAY
    for name in COLUMNS:
        yield f"create index on history.{name} ({CHANGED_BY[name]});\n"
        # In a subquery of its own the day is worked out once, not for each row.
        yield (
            f"create view public.{name} as select {names_of(name)} from history.{name}\n"
            "where (visible_from is null or visible_from <= (select history.today()))\n"
            "  and (visible_to is null or visible_to > (select history.today()));\n"
        )
    yield "grant usage on schema history to public;\ngrant execute on function history.today() to public;\n"


def _tables() -> Iterator[str]:
    yield plain_tables()
    for name in COLUMNS:
        yield (
            f"insert into {name} select {names_of(name)} from history.{name} where visible_to is null "
            f"order by {KEYS[name]};\n"
        )
    yield "drop schema history cascade;\n"
