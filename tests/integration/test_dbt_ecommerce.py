"""The shop's models on DuckDB, from commits in a lake: two days in order, out of order and at once, then changes.

Day one captures two customers and three orders. Day two captures the first order again (the overlap), a customer who
has moved, an order that may be shipped after its review, a new order, and a refund of the first one.
"""

from __future__ import annotations

import csv
import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from tandem.dbt import DbtResult, run_dbt
from tandem.errors import DbtError
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import open_store
from tandem.schemas import entities, entity
from tandem.settings import PROJECT, Settings
from tandem.targets.duckdb import DuckDBTarget

Row = dict[str, Any]
SELECT = [f"path:{folder}/ecommerce" for folder in ("models/*", "seeds", "data-tests")]
MARTS = (
    "dim_customers",
    "dim_dates",
    "dim_products",
    "fct_channel_performance",
    "fct_daily_revenue",
    "fct_orders",
    "fct_revenue_reconciliation",
)
ONE, TWO, THREE = (date(2025, 11, day) for day in (1, 2, 3))
OCTOBER = date(2025, 10, 31)


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(hours=hour)


def customer(number: int, changed: datetime, **columns: Any) -> Row:
    known = {"email": f"c{number}@example.com", "country": "DE", "created_at": at(date(2025, 1, 1))}
    return {"customer_id": number, "updated_at": changed, **known, **columns}


def order(number: int, ordered: datetime, total: str, changed: datetime | None = None, **columns: Any) -> Row:
    known = {"customer_id": 1, "status": "shipped", "shipping_country": "US", "created_at": ordered}
    row = {"order_id": number, "ordered_at": ordered, "total_amount": Decimal(total), **known}
    return {**row, "updated_at": changed or ordered, **columns}


def line(number: int, order_id: int, price: str, total: str, created: datetime, quantity: int = 1) -> Row:
    gross = Decimal(price) * quantity
    discount = round(100 - 100 * Decimal(total) / gross, 2)
    row = {"order_item_id": number, "order_id": order_id, "product_id": 1, "quantity": quantity, "created_at": created}
    return {**row, "unit_price": Decimal(price), "discount_pct": discount, "line_total": Decimal(total)}


def charge(order_id: int, amount: str, currency: str, created: datetime) -> Row:
    row = {"charge_id": f"ch_{order_id}", "order_id": order_id, "amount": Decimal(amount), "currency": currency}
    return {**row, "status": "succeeded", "created_at": created}


def refund(order_id: int, amount: str, currency: str, created: datetime, **columns: Any) -> Row:
    row = {"refund_id": f"re_{order_id}", "charge_id": f"ch_{order_id}", "amount": Decimal(amount)}
    return {**row, "currency": currency, "status": "succeeded", "created_at": created, **columns}


def product(number: int, cost: str | None) -> Row:
    known = {"name": "Lamp", "price": Decimal("50.00"), "is_active": True, "updated_at": at(OCTOBER)}
    return {"product_id": number, "cost": cost and Decimal(cost), **known}


def spend(day: date, channel: str, amount: str) -> Row:
    return {"spend_date": day, "channel": channel, "campaign_name": "autumn", "spend": Decimal(amount)}


def performance(day: date, channel: str, amount: str, conversions: int = 2) -> Row:
    row = {"performance_date": day, "campaign_id": f"{channel}-1", "channel": channel, "conversions": conversions}
    return {**row, "revenue_attributed": Decimal(amount)}


# The first order is of October, in euros; the rate changes on the first of November.
FIRST = order(1, at(OCTOBER, 23), "90.00", shipping_country="DE")
HELD = order(2, at(ONE), "700.00", status="pending_review", customer_id=2)
EARLY = {
    "customers": [customer(1, at(ONE), city="Bonn"), customer(2, at(ONE), city="Metz")],
    "products": [product(1, "20.00"), product(2, None)],
    "orders": [FIRST, HELD, order(3, at(ONE, 1), "10.05", shipping_country="DE")],
    "order_items": [
        line(1, 1, "50.00", "90.00", at(OCTOBER), quantity=2),
        line(2, 2, "700.00", "700.00", at(ONE)),
        line(3, 3, "10.05", "10.05", at(ONE)),
    ],
    "charges": [charge(1, "90.00", "EUR", at(OCTOBER)), charge(3, "10.05", "EUR", at(ONE))],
    "refunds": [],
    "marketing_spend": [spend(ONE, "search", "20.00"), spend(ONE, "radio", "5.00")],
    "campaign_performance": [performance(ONE, "search", "8.00"), performance(OCTOBER, "social", "500.00")],
}
SHIPPED = {**HELD, "status": "shipped", "updated_at": at(TWO, 9)}
LATE = {
    "customers": [customer(1, at(TWO), city="Kiel"), customer(2, at(ONE), city="Metz")],
    "products": [],
    "orders": [FIRST, SHIPPED, order(4, at(TWO), "30.00")],
    "order_items": [line(4, 4, "30.00", "30.00", at(TWO))],
    "charges": [charge(2, "700.00", "USD", at(TWO)), charge(4, "30.00", "USD", at(TWO))],
    "refunds": [refund(1, "90.00", "EUR", at(TWO)), refund(4, "30.00", "USD", at(TWO), status="pending")],
    "marketing_spend": [spend(TWO, "search", "20.00")],
    "campaign_performance": [],
}


class Shop:
    """A lake and a DuckDB warehouse in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(tandem_env="dev", tandem_home=folder / "home", _env_file=None)
        self.store = open_store((folder / "lake").as_uri())
        self.target = DuckDBTarget(self.settings.state)

    def copy(self, folder: Path) -> Shop:
        # The name of the build file is the name of its catalogue, so it stays.
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Shop(folder)

    def capture(self, day: date, rows: dict[str, list[Row]]) -> None:
        """Replace the processed partitions of a day, of the entities that are named."""
        for name, captured in rows.items():
            declared = entity("ecommerce", name)
            frame = pl.DataFrame([{**row, "partition_date": day} for row in captured], schema=polars_schema(declared))
            partition = Partition("ecommerce", name, day)
            write_commit(self.store, partition, declared, [frame], inputs={}, counts={}, reasons={})

    def build(self, *, tests: bool = False) -> DbtResult:
        """Build what is owed, as a run does."""
        self.target.publish(self.store, entities("ecommerce"))
        owed = self.target.owed("ecommerce")
        result = run_dbt(
            self.settings,
            "build",
            select=SELECT,
            exclude=["test_type:unit"] if tests else ["resource_type:test", "resource_type:unit_test"],
            vars=owed.dbt_vars,
            full_refresh=owed.full,
        )
        self.target.record_built(owed)
        return result

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.target.build)) as connection:
            return connection.execute(statement).fetchall()

    def mart(self, table: str) -> list[tuple[Any, ...]]:
        return self.sql(f"select * from ecommerce_marts.{table} order by all")

    def order(self, number: int, columns: str) -> tuple[Any, ...] | None:
        rows = self.sql(f"select {columns} from ecommerce_marts.fct_orders where order_id = {number}")
        return rows[0] if rows else None

    def day(self, day: date, columns: str = "orders, revenue_usd, refunds_usd, net_revenue_usd") -> tuple[Any, ...]:
        [row] = self.sql(f"select {columns} from ecommerce_marts.fct_daily_revenue where revenue_date = '{day}'")
        return row

    def history(self, number: int) -> list[tuple[Any, ...]]:
        return self.sql(
            "select customer_key, city, valid_from, valid_to, is_current from ecommerce_marts.dim_customers"
            f" where customer_id = {number} order by version"
        )


def rate(currency: str, day: date) -> Decimal:
    with (PROJECT / "dbt/seeds/ecommerce/currency_rates.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["from_currency"] == currency]
    return Decimal(max((row["effective_date"], row["rate"]) for row in rows if row["effective_date"] <= str(day))[1])


def dollars(amount: str, currency: str, day: date) -> Decimal:
    return (Decimal(amount) * rate(currency, day)).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def built_on(before: Shop, folder: Path, day: date, rows: dict[str, list[Row]]) -> Shop:
    """A copy of a shop after a build that owes one day more."""
    shop = before.copy(folder)
    shop.capture(day, rows)
    shop.build()
    return shop


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, DbtResult]:
    """Both days in one build of everything, tests included."""
    shop = Shop(tmp_path_factory.mktemp("at-once"))
    shop.capture(ONE, EARLY)
    shop.capture(TWO, LATE)
    return shop, shop.build(tests=True)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A warehouse that was built when nothing had been captured."""
    shop = Shop(tmp_path_factory.mktemp("empty"))
    shop.build()
    return shop


@pytest.fixture(scope="module")
def first_day(empty: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """After a build that owed the first day."""
    return built_on(empty, tmp_path_factory.mktemp("first-day"), ONE, EARLY)


@pytest.fixture(scope="module")
def in_order(first_day: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The second day after the first, each in a build of what it owes."""
    return built_on(first_day, tmp_path_factory.mktemp("in-order"), TWO, LATE)


@pytest.fixture(scope="module")
def out_of_order(empty: Shop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The first day after the second."""
    second = built_on(empty, tmp_path_factory.mktemp("second-day"), TWO, LATE)
    return built_on(second, tmp_path_factory.mktemp("out-of-order"), ONE, EARLY)


@pytest.fixture
def shop(at_once: tuple[Shop, DbtResult], tmp_path: Path) -> Shop:
    """A copy of the shop after both days."""
    return at_once[0].copy(tmp_path)


def test_the_tests_pass_and_there_are_enough_of_them(at_once):
    tests = at_once[1].tests
    assert len(tests) > 100
    assert not at_once[1].warned
    assert at_once[1].passed == len(tests)


def test_every_column_in_the_warehouse_is_described(at_once):
    documents = [yaml.safe_load(path.read_text()) for path in (PROJECT / "dbt/models").rglob("ecommerce/*.yml")]
    models = [model for document in documents for model in document.get("models") or ()]
    described = {(model["name"], column["name"]) for model in models for column in model["columns"]}
    built = at_once[0].sql(
        "select table_name, column_name from information_schema.columns"
        " where table_schema in ('ecommerce_staging', 'ecommerce_intermediate', 'ecommerce_marts')"
    )
    assert set(built) == described


@pytest.mark.parametrize("table", MARTS)
def test_days_in_any_order_give_what_all_at_once_gives(at_once, in_order, out_of_order, table):
    expected = at_once[0].mart(table)
    assert expected
    assert in_order.mart(table) == expected
    assert out_of_order.mart(table) == expected


def test_a_customer_who_moves_has_a_closed_version_and_a_current_one(out_of_order):
    moved = at(TWO)
    assert out_of_order.history(1) == [
        ("1-1", "Bonn", at(date(2025, 1, 1)), moved, False),
        ("1-2", "Kiel", moved, None, True),
    ]
    assert [row[0] for row in out_of_order.history(2)] == ["2-1"]


def test_an_order_is_converted_at_the_rate_of_its_own_date(in_order):
    assert rate("EUR", OCTOBER) != rate("EUR", ONE)
    assert in_order.order(1, "currency, total_usd") == ("EUR", dollars("90.00", "EUR", OCTOBER))
    assert in_order.order(3, "currency, total_usd") == ("EUR", dollars("10.05", "EUR", ONE))


def test_a_refund_is_taken_off_on_its_own_day_and_a_full_one_leaves_nothing(in_order):
    paid = dollars("90.00", "EUR", OCTOBER)
    assert in_order.day(OCTOBER) == (1, paid, 0, paid)
    assert in_order.day(TWO) == (1, 30, paid, 30 - paid)
    assert in_order.order(1, "revenue_usd - refunds_usd, refunded_amount") == (0, 90)
    assert in_order.order(4, "refunds_usd, refunded_amount") == (0, 0)


def test_discounts_are_taken_off_already(in_order):
    gross, net = dollars("100.00", "EUR", OCTOBER), dollars("90.00", "EUR", OCTOBER)
    assert in_order.day(OCTOBER, "items, gross_usd, discount_usd, revenue_usd") == (2, gross, gross - net, net)


def test_an_order_counts_on_its_own_day_once_its_review_is_over(first_day, in_order):
    held = first_day.order(2, "status, counts_as_revenue, revenue_usd, total_usd")
    assert held == ("pending_review", False, 0, 700)
    assert first_day.day(ONE, "orders") == (1,)
    assert in_order.order(2, "status, revenue_usd, paid_amount") == ("shipped", 700, 700)
    assert in_order.day(ONE, "orders, revenue_usd") == (2, 700 + dollars("10.05", "EUR", ONE))


def test_lifetime_value_is_less_what_was_paid_back_and_gives_the_tier_of_every_version(in_order):
    rows = in_order.sql(
        "select customer_id, order_count, lifetime_value_usd, tier from ecommerce_marts.dim_customers order by all"
    )
    left = 30 + dollars("10.05", "EUR", ONE)
    assert rows == [(1, 3, left, "bronze"), (1, 3, left, "bronze"), (2, 1, 700, "gold")]


def test_attributed_revenue_is_held_against_revenue_by_date(in_order):
    rows = in_order.sql(
        "select revenue_date, attributed_revenue_usd, unattributed_revenue_usd, is_over_attributed"
        " from ecommerce_marts.fct_revenue_reconciliation order by revenue_date"
    )
    earned = {day: in_order.day(day, "revenue_usd")[0] for day in (OCTOBER, ONE, TWO)}
    assert rows == [
        (OCTOBER, 500, earned[OCTOBER] - 500, True),
        (ONE, 8, earned[ONE] - 8, False),
        (TWO, 0, earned[TWO], False),
    ]


def test_a_channel_without_claims_and_one_without_spending_both_have_a_row(in_order):
    rows = in_order.sql(
        "select performance_date, channel, spend_usd, conversions, return_on_spend, cost_per_conversion_usd"
        " from ecommerce_marts.fct_channel_performance order by performance_date, channel"
    )
    assert rows == [
        (OCTOBER, "social", None, 2, None, None),
        (ONE, "radio", 5, None, None, None),
        (ONE, "search", 20, 2, 0.4, 10.0),
        (TWO, "search", 20, None, None, None),
    ]


def test_an_unknown_or_negative_cost_is_a_margin_that_is_not_known(in_order):
    rows = in_order.sql("select product_id, margin_usd, margin_share from ecommerce_marts.dim_products order by all")
    assert rows == [(1, 30, 0.6), (2, None, None)]


def test_a_late_update_replaces_the_order_and_touches_no_other(shop):
    shop.sql("update ecommerce_marts.fct_orders set line_count = -1")
    shop.capture(THREE, {"orders": [{**SHIPPED, "status": "cancelled", "updated_at": at(THREE)}]})
    shop.build()
    assert shop.order(2, "status, revenue_usd, line_count, partition_date") == ("cancelled", 0, 1, THREE)
    assert shop.sql("select count(*) from ecommerce_marts.fct_orders where line_count = -1") == [(3,)]
    assert shop.day(ONE, "orders, revenue_usd") == (1, dollars("10.05", "EUR", ONE))


def test_what_belongs_to_an_order_may_come_later(shop):
    shop.capture(
        THREE,
        {
            "order_items": [line(9, 3, "5.00", "5.00", at(ONE))],
            "charges": [{**charge(2, "1.00", "USD", at(ONE)), "charge_id": "ch_9"}],
            "refunds": [refund(4, "2.00", "USD", at(THREE))],
        },
    )
    shop.build()
    assert shop.order(3, "line_count, partition_date") == (2, THREE)
    assert shop.order(2, "paid_amount, partition_date") == (701, THREE)
    assert shop.order(4, "refunded_amount, partition_date") == (2, THREE)


def test_a_day_that_is_captured_again_as_it_was_owes_nothing(shop):
    shop.capture(TWO, LATE)
    shop.target.publish(shop.store, entities("ecommerce"))
    assert not shop.target.owed("ecommerce")


def test_a_day_that_is_captured_again_with_more_adds_only_that(shop):
    more = order(5, at(TWO), "11.00", customer_id=2)
    shop.capture(TWO, {"orders": [*LATE["orders"], more]})
    shop.build()
    assert shop.sql("select count(*), count(distinct order_id) from ecommerce_marts.fct_orders") == [(5, 5)]
    assert shop.day(TWO, "orders, revenue_usd") == (2, 41)


def test_an_order_that_no_capture_knows_any_more_goes(shop):
    shop.capture(TWO, {"orders": [FIRST, SHIPPED]})
    shop.build()
    assert shop.order(4, "order_id") is None
    assert shop.day(TWO, "orders, revenue_usd, refunds") == (0, 0, 1)


def test_what_a_capture_no_longer_says_is_as_the_capture_before_said(shop, first_day):
    """A day that is refined again and sets everything aside leaves what the other day alone gives."""
    shop.capture(TWO, {name: [] for name in LATE})
    shop.build()
    for table in MARTS:
        assert shop.mart(table) == first_day.mart(table), table


def test_a_change_that_is_captured_late_takes_its_place_in_the_history(shop):
    between = customer(1, at(ONE, 18), city="Celle")
    shop.capture(THREE, {"customers": [between, customer(1, at(TWO, 18), city="Kiel", phone="1")]})
    shop.build()
    assert [row[:2] for row in shop.history(1)] == [("1-1", "Bonn"), ("1-2", "Celle"), ("1-3", "Kiel"), ("1-4", "Kiel")]


def test_an_order_that_cannot_be_converted_fails_a_test(shop):
    unknown = order(8, at(THREE), "10.00", shipping_country="ZZ")
    shop.capture(THREE, {"orders": [unknown, order(9, at(date(1999, 12, 31)), "10.00")]})
    with pytest.raises(DbtError, match=r"(?s)every_order_has_a_currency.*every_order_has_a_rate"):
        shop.build(tests=True)


def test_a_change_that_turns_out_to_change_nothing_leaves_one_version(shop):
    shop.capture(THREE, {"customers": [customer(1, at(TWO), city="Bonn")]})
    shop.build()
    assert shop.history(1) == [("1-1", "Bonn", at(date(2025, 1, 1)), None, True)]


def test_an_order_that_moves_to_another_customer_is_in_the_lifetime_of_that_one_alone(shop):
    shop.capture(THREE, {"orders": [{**SHIPPED, "customer_id": 1, "updated_at": at(THREE)}]})
    shop.build()
    rows = shop.sql("select customer_id, order_count from ecommerce_marts.dim_customers where is_current order by 1")
    assert rows == [(1, 4), (2, 0)]


def test_what_the_source_has_wrong_is_a_warning(shop):
    shop.capture(
        THREE,
        {
            "orders": [
                order(8, at(THREE), "10.00", customer_id=99),
                order(9, at(THREE), "10.00", status="teleported"),
            ],
            "order_items": [{**line(8, 8, "12.00", "12.00", at(THREE)), "product_id": 99}],
            "charges": [charge(8, "10.00", "EUR", at(THREE))],
            "refunds": [refund(77, "1.00", "USD", at(THREE)), refund(9, "5.00", "USD", at(THREE))],
        },
    )
    assert {node.name for node in shop.build(tests=True).warned} == {
        "charges_are_in_the_currency_of_their_order",
        "an_order_is_worth_its_lines",
        "every_order_has_a_known_status",
        "every_order_has_its_customer",
        "every_refund_has_its_order",
        "lines_belong_to_an_order_and_a_product",
    }
