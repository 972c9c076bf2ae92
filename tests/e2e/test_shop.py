"""The shop as a user runs it: days in any order, a database that goes away, a table that changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgres
import pytest
from homes import Home, made_once, wait_for, window, with_airflow_of

import kill_runs
from tandem.standins.postgres.server import PostgresStandin
from tandem.standins.postgres.shop import content

SHOP = "ecommerce"
DAYS = ("2025-11-01", "2025-11-02", "2025-11-03")
# What a row says of its captures, which do depend on the order of the runs.
OF_CAPTURES = {"first_captured_on", "partition_date"}
SIBLINGS = {
    "extract_postgres_customers",
    "extract_postgres_products",
    "extract_postgres_order_items",
    "extract_stripe_charges",
    "load_csv_marketing",
}


@pytest.fixture(scope="session")
def shop_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Home:
    """A home after one run of the three days. Do not change it."""
    return made_once("shop", tmp_path_factory, worker_id, lambda home: home.run(DAYS[0], DAYS[-1], system=SHOP))


@pytest.fixture
def empty_shop(shop_home: Home, tmp_path: Path) -> Home:
    """A home with nothing in it but Airflow's database."""
    return with_airflow_of(shop_home, tmp_path / "empty")


@pytest.fixture
def database() -> Iterator[PostgresStandin]:
    """A PostgreSQL with ordinary tables: the newest state of the sample."""
    with PostgresStandin(content(plain=True)) as server:
        yield server


def test_days_out_of_order_and_again_give_the_same_history_and_revenue(shop_home: Home, empty_shop: Home) -> None:
    for day in (DAYS[0], DAYS[2], DAYS[1], DAYS[1]):
        empty_shop.run(day, day, system=SHOP)
    expected, found = of_the_shop(shop_home), of_the_shop(empty_shop)
    assert {name: len(rows) for name, rows in found.items()} == {name: len(rows) for name, rows in expected.items()}
    assert found == expected


def test_history_closes_rows_and_revenue_is_that_of_the_orders(shop_home: Home) -> None:
    [moved] = shop_home.query(
        "select count(*) as customers, min(current_versions) as least, max(current_versions) as most from ("
        "select customer_id, count(*) as versions, count(*) filter (is_current) as current_versions "
        "from ecommerce_marts.dim_customers group by customer_id) where versions > 1"
    )
    assert moved["customers"] > 0
    assert (moved["least"], moved["most"]) == (1, 1)
    [sums] = shop_home.query(
        "select (select sum(revenue_usd) from ecommerce_marts.fct_orders) = "
        "(select sum(revenue_usd) from ecommerce_marts.fct_daily_revenue) as equal, "
        "(select count(*) - count(distinct order_id) from ecommerce_marts.fct_orders) as doubled"
    )
    assert (sums["equal"], sums["doubled"]) == (True, 0)


def test_a_database_that_stops_and_comes_back_fails_attempts_and_not_the_run(
    empty_shop: Home, database: PostgresStandin
) -> None:
    environment = empty_shop.environment(**address(database), TANDEM_RETRY_DELAY_SECONDS="4")
    database.kill()
    run = empty_shop.start(*window(DAYS[0], DAYS[0], SHOP), environment=environment)
    wait_for(lambda: empty_shop.ended("extract_postgres_orders"), run)
    database.restart()
    said, _ = run.communicate(timeout=empty_shop.patience)
    assert run.returncode == 0, said
    assert [event.state for event in empty_shop.ended("extract_postgres_orders")] == ["failed", "success"]
    assert database.password not in said
    [row] = empty_shop.query(
        "select (select count(*) from ecommerce_marts.fct_orders) as built, "
        "(select count(distinct order_id) from ecommerce_processed.orders) as captured"
    )
    assert row["built"] == row["captured"] > 0


def test_a_missing_column_stops_its_entity_and_dbt_but_not_its_siblings(
    empty_shop: Home, database: PostgresStandin
) -> None:
    execute(database, "alter table orders rename column status to state")
    answer = empty_shop.tandem(*window(DAYS[0], DAYS[0], SHOP), environment=empty_shop.environment(**address(database)))
    assert answer.code == 1
    assert "status" in answer.said
    assert [event.state for event in empty_shop.ended("extract_postgres_orders")] == ["failed"]
    assert {task: [event.state for event in empty_shop.ended(task)] for task in SIBLINGS} == {
        task: ["success"] for task in SIBLINGS
    }
    assert not empty_shop.ended("dbt_run_staging")


def test_a_new_column_passes_with_a_notice(empty_shop: Home, database: PostgresStandin) -> None:
    execute(database, "alter table products add column colour text default 'red'")
    answer = empty_shop.tandem(*window(DAYS[0], DAYS[0], SHOP), environment=empty_shop.environment(**address(database)))
    assert answer.code == 0, answer.said
    assert "colour" in answer.said


def of_the_shop(home: Home) -> dict[str, list[dict[str, object]]]:
    """All rows of all marts, without what depends on when they were captured."""
    return {
        name: [{key: value for key, value in json.loads(str(row)).items() if key not in OF_CAPTURES} for row in rows]
        for name, rows in kill_runs.marts(home.path, SHOP).items()
    }


def address(server: PostgresStandin) -> dict[str, str]:
    return {
        "POSTGRES_HOST": server.host,
        "POSTGRES_PORT": str(server.port),
        "POSTGRES_DATABASE": server.database,
        "POSTGRES_USER": server.user,
        "POSTGRES_PASSWORD": server.password,
    }


def execute(server: PostgresStandin, statement: str) -> None:
    with postgres.connect(server.admin_uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
