"""The shop's models on Athena: what is merged into Iceberg tables, what goes from them, and exact money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from tandem.dbt import run_dbt
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.schemas import entities, entity
from tandem.settings import Settings, settings
from tandem.standins import environment
from tandem.standins.cloud import kept_cloud
from tandem.steps import open_lake
from tandem.targets.athena import AthenaTarget

ONE, TWO = date(2025, 11, 1), date(2025, 11, 2)
SELECT = [f"path:{folder}/ecommerce" for folder in ("models/*", "seeds", "data-tests")]
Row = dict[str, Any]


@dataclass
class Shop:
    """A namespace of its own in the local cloud."""

    settings: Settings

    def capture(self, day: date, rows: dict[str, list[Row]]) -> None:
        for declared in entities("ecommerce"):
            captured = [{**row, "partition_date": day} for row in rows.get(declared.name, [])]
            frame = pl.DataFrame(captured, schema=polars_schema(entity("ecommerce", declared.name)))
            partition = Partition("ecommerce", declared.name, day)
            write_commit(open_lake(self.settings), partition, declared, [frame], inputs={}, counts={}, reasons={})

    def build(self) -> None:
        """Publish and build what is owed."""
        target = AthenaTarget(self.settings)
        target.publish(open_lake(self.settings), entities("ecommerce"))
        owed = target.owed("ecommerce")
        run_dbt(
            self.settings,
            "build",
            select=SELECT,
            exclude=["resource_type:test", "resource_type:unit_test"],
            vars=owed.dbt_vars,
            full_refresh=owed.full,
        )
        target.record_built(owed)

    def rows(self, columns: str, mart: str) -> list[tuple[Any, ...]]:
        table = f"{self.settings.schema_name('ecommerce_marts')}.{mart}"
        return AthenaTarget(self.settings).query(f"select {columns} from {table} order by 1, 2")[1]


def order(number: int, total: str, status: str, changed: datetime) -> Row:
    ordered = {"ordered_at": datetime(2025, 11, 1, 9), "shipping_country": "DE", "customer_id": 1}
    return {"order_id": number, "total_amount": Decimal(total), "status": status, "updated_at": changed, **ordered}


def customer(city: str, changed: datetime) -> Row:
    return {"customer_id": 1, "city": city, "created_at": datetime(2025, 1, 1), "updated_at": changed}


EARLY = {
    "customers": [customer("Bonn", datetime(2025, 11, 1, 8))],
    "orders": [
        order(1, "10.05", "shipped", datetime(2025, 11, 1, 9)),
        order(2, "20.00", "pending", datetime(2025, 11, 1, 9)),
        order(3, "30.00", "shipped", datetime(2025, 11, 1, 9)),
    ],
}
LATE = {
    "customers": [customer("Kiel", datetime(2025, 11, 2, 8, 0, 0, 1000))],
    "orders": [order(2, "20.00", "shipped", datetime(2025, 11, 2, 9))],
}


@pytest.fixture(scope="module")
def shop(kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two days, each in a build of its own; then the first again, which has lost the third order."""
    with environment({"TANDEM_HOME": str(kept.path), **kept.switch}), kept_cloud(settings()):
        own = {"tandem_namespace": "shop", "tandem_home": tmp_path_factory.mktemp("home")}
        built = Shop(settings().model_copy(update=own))
        for day, rows in ((ONE, EARLY), (TWO, LATE), (ONE, {**EARLY, "orders": EARLY["orders"][:2]})):
            built.capture(day, rows)
            built.build()
        yield built


def test_a_late_change_is_merged_and_an_order_that_is_gone_goes(shop):
    rows = shop.rows("order_id, status, usd_rate, total_usd, revenue_usd", "fct_orders")
    rate = rows[0][2]
    assert rows == [
        (1, "shipped", rate, round(Decimal("10.05") * rate, 2), round(Decimal("10.05") * rate, 2)),
        (2, "shipped", rate, round(20 * rate, 2), round(20 * rate, 2)),
    ]


def test_money_and_history_are_as_on_duckdb(shop):
    [(day, orders, revenue)] = shop.rows("revenue_date, orders, revenue_usd", "fct_daily_revenue")
    assert (day, orders) == (ONE, 2)
    assert isinstance(revenue, Decimal)
    moved = datetime(2025, 11, 2, 8, 0, 0, 1000)
    assert shop.rows("customer_key, valid_from, valid_to, is_current", "dim_customers") == [
        ("1-1", datetime(2025, 1, 1), moved, False),
        ("1-2", moved, None, True),
    ]
