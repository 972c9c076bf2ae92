"""The rules by which the shop's tables become rows, each with the row of the source that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import permutations
from typing import Any
from zlib import crc32

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tandem.lake.partition import Partition
from tandem.lake.processed import check_frame
from tandem.refine.ecommerce import refine_customers, refine_order_items, refine_orders, refine_products
from tandem.refine.refined import RawFile, Refined
from tandem.schemas import Entity
from tandem.schemas.ecommerce import CUSTOMERS, ORDER_ITEMS, ORDERS, PRODUCTS

DAY = date(2025, 11, 3)
NOON = datetime(2025, 11, 3, 12)
NUMERIC = pa.opaque(pa.string(), "numeric", "PostgreSQL")
NAIVE, ZONED = pa.timestamp("us"), pa.timestamp("us", tz="UTC")

CUSTOMER_TYPES = {
    "customer_id": pa.int32(),
    **dict.fromkeys(("email", "first_name", "last_name", "phone", "address", "city", "state", "country"), pa.string()),
    "zip_code": pa.string(),
    "created_at": NAIVE,
    "updated_at": ZONED,
}
PRODUCT_TYPES = {
    "product_id": pa.int16(),
    **dict.fromkeys(("name", "category", "subcategory"), pa.string()),
    **dict.fromkeys(("price", "cost", "weight_kg"), NUMERIC),
    "is_active": pa.bool_(),
    "created_at": NAIVE,
    "updated_at": NAIVE,
}
ORDER_TYPES = {
    "order_id": pa.int64(),
    "customer_id": pa.int32(),
    "order_date": ZONED,
    "status": pa.string(),
    "total_amount": NUMERIC,
    **{f"shipping_{name}": pa.string() for name in ("address", "city", "state", "country", "zip")},
    "created_at": NAIVE,
    "updated_at": NAIVE,
}
ITEM_TYPES = {
    "order_item_id": pa.int64(),
    "order_id": pa.int32(),
    "product_id": pa.int32(),
    "quantity": pa.int16(),
    **dict.fromkeys(("unit_price", "discount_pct", "line_total"), NUMERIC),
    "created_at": NAIVE,
}

REFINERS: dict[str, tuple[Entity, Callable[..., Refined], dict[str, Any]]] = {
    "customers": (CUSTOMERS, refine_customers, CUSTOMER_TYPES),
    "products": (PRODUCTS, refine_products, PRODUCT_TYPES),
    "orders": (ORDERS, refine_orders, ORDER_TYPES),
    "order_items": (ORDER_ITEMS, refine_order_items, ITEM_TYPES),
}


def customer(**changes: Any) -> dict[str, Any]:
    return {
        "customer_id": 7,
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+1 555 0100",
        "address": "1 Main St",
        "city": "Springfield",
        "state": "CA",
        "country": "US",
        "zip_code": "90210",
        "created_at": NOON,
        "updated_at": NOON,
    } | changes


def product(**changes: Any) -> dict[str, Any]:
    return {
        "product_id": 3,
        "name": "Lamp",
        "category": "Home",
        "subcategory": "Light",
        "price": "19.90",
        "cost": "8.00",
        "weight_kg": "1.25",
        "is_active": True,
        "created_at": NOON,
        "updated_at": NOON,
    } | changes


def order(**changes: Any) -> dict[str, Any]:
    return {
        "order_id": 11,
        "customer_id": 7,
        "order_date": NOON,
        "status": "shipped",
        "total_amount": "53.73",
        "shipping_address": "1 Main St",
        "shipping_city": "Springfield",
        "shipping_state": "CA",
        "shipping_country": "US",
        "shipping_zip": "90210",
        "created_at": NOON,
        "updated_at": NOON,
    } | changes


def item(**changes: Any) -> dict[str, Any]:
    return {
        "order_item_id": 21,
        "order_id": 11,
        "product_id": 3,
        "quantity": 3,
        "unit_price": "19.90",
        "discount_pct": "10.00",
        "line_total": "53.73",
        "created_at": NOON,
    } | changes


ROWS: dict[str, Callable[..., dict[str, Any]]] = {
    "customers": customer,
    "products": product,
    "orders": order,
    "order_items": item,
}


def table(name: str, *rows: dict[str, Any], attempt: int | None = 1, page: int = 1, **types: Any) -> RawFile:
    columns = {**REFINERS[name][2], **types}
    arrays = [_array([row.get(column) for row in rows], kind) for column, kind in columns.items()]
    buffer = BytesIO()
    pq.write_table(pa.table(arrays, names=list(columns)), buffer)
    return raw_file(buffer.getvalue(), attempt=attempt, page=page)


def _array(values: list[Any], kind: Any) -> Any:
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))
    return pa.array(values, kind)


def raw_file(payload: bytes, attempt: int | None = 1, page: int = 1) -> RawFile:
    origin = {"page": page} | ({"attempt": attempt} if attempt else {})
    return RawFile(f"rows-{page:04}.{crc32(payload):08x}.parquet", origin, lambda: payload, len(payload))


def refine(name: str, *files: RawFile) -> Refined:
    entity, refiner, _types = REFINERS[name]
    refined = refiner(files, DAY)
    assert 2 * refined.counts["in"] == sum(refined.counts.values())
    for frame in refined.frames:
        check_frame(frame, Partition(entity.system, entity.name, DAY), entity)
    return refined


def rows_of(name: str, *files: RawFile) -> list[dict[str, Any]]:
    return [record for frame in refine(name, *files).frames for record in frame.to_dicts()]


def one(name: str, **changes: Any) -> dict[str, Any]:
    (record,) = rows_of(name, table(name, ROWS[name](**changes)))
    return record


def test_a_customer_becomes_a_typed_row() -> None:
    assert one("customers") == {
        **customer(),
        "updated_at": NOON,
        "partition_date": DAY,
    }


def test_a_product_becomes_a_typed_row() -> None:
    amounts = {"price": Decimal("19.90"), "cost": Decimal("8.00"), "weight_kg": Decimal("1.25")}
    assert one("products") == {**product(), **amounts, "partition_date": DAY}


def test_an_order_becomes_a_typed_row() -> None:
    expected = {**order(), "ordered_at": NOON, "total_amount": Decimal("53.73"), "partition_date": DAY}
    del expected["order_date"]
    assert one("orders") == expected


def test_a_line_becomes_a_typed_row() -> None:
    amounts = {name: Decimal(str(item()[name])) for name in ("unit_price", "discount_pct", "line_total")}
    assert one("order_items") == {**item(), **amounts, "partition_date": DAY}


@pytest.mark.parametrize("name", REFINERS)
def test_nothing_gives_no_rows(name: str) -> None:
    assert refine(name).counts["in"] == 0
    assert refine(name, table(name)).counts == {"in": 0, "out": 0, "superseded": 0, "outside": 0, "quarantined": 0}


@pytest.mark.parametrize(
    ("column", "came", "becomes"),
    [
        pytest.param("first_name", " Ada ", "Ada", id="spaces around text"),
        pytest.param("city", "San  José ", "San  José", id="spaces within text"),
        pytest.param("phone", "", None, id="empty text"),
        pytest.param("zip_code", " \t", None, id="blank text"),
        pytest.param("email", " Ada@Example.COM ", "ada@example.com", id="address in capitals"),
        pytest.param("email", "ada.example.com", None, id="address without @"),
        pytest.param("email", "ada@example", None, id="address without domain"),
        pytest.param("email", "ada@@example.com", None, id="address with two @"),
        pytest.param("email", "Ada <ada@example.com>", None, id="address with a name"),
        pytest.param("country", "United States", "US", id="name of a country"),
        pytest.param("country", "Atlantis", None, id="no country"),
        pytest.param("state", "California", "CA", id="name of a state"),
        pytest.param("state", "Bavaria", None, id="no state of the country"),
        pytest.param("created_at", None, None, id="unknown time"),
        pytest.param("created_at", NOON + timedelta(microseconds=1999), NOON + timedelta(milliseconds=1), id="finer"),
    ],
)
def test_a_customers_cell_is_cleaned(column: str, came: object, becomes: object) -> None:
    assert one("customers", **{column: came})[column] == becomes


@pytest.mark.parametrize(
    ("country", "came", "becomes"),
    [
        pytest.param("Canada", "Ontario", "ON", id="province"),
        pytest.param("Germany", "Bayern", "Bayern", id="elsewhere"),
        pytest.param("Germany", "California", "California", id="a name of another country"),
        pytest.param(None, "California", "California", id="no country"),
        pytest.param("US", None, None, id="no state"),
    ],
)
def test_a_state_is_read_by_its_country(country: str | None, came: str | None, becomes: str | None) -> None:
    assert one("customers", country=country, state=came)["state"] == becomes
    assert one("orders", shipping_country=country or "FR", shipping_state=came)["shipping_state"] == becomes


@pytest.mark.parametrize(
    ("column", "came", "becomes"),
    [
        pytest.param("cost", "-8.00", None, id="negative cost"),
        pytest.param("cost", None, None, id="no cost"),
        pytest.param("cost", "nan", None, id="cost that is no number"),
        pytest.param("cost", "0", Decimal("0.00"), id="no cost at all"),
        pytest.param("cost", "8.005", None, id="cost with half a cent"),
        pytest.param("weight_kg", "-1", None, id="negative weight"),
        pytest.param("weight_kg", "1.2500", Decimal("1.25"), id="zeros at the end"),
        pytest.param("is_active", None, None, id="not known to be active"),
        pytest.param("price", "99999999.99", Decimal("99999999.99"), id="as many digits as declared"),
    ],
)
def test_a_products_cell_is_cleaned(column: str, came: object, becomes: object) -> None:
    assert one("products", **{column: came})[column] == becomes


@pytest.mark.parametrize(
    ("came", "becomes"),
    [("SHIPPED", "shipped"), (" Pending Review ", "pending_review"), ("pending_review", "pending_review")],
)
def test_a_status_is_lower_case_with_underscores(came: str, becomes: str) -> None:
    assert one("orders", status=came)["status"] == becomes


def test_a_time_with_a_zone_becomes_utc() -> None:
    berlin = pa.timestamp("us", tz="Europe/Berlin")
    file = table("orders", order(order_date=NOON.replace(tzinfo=UTC)), order_date=berlin)
    assert rows_of("orders", file)[0]["ordered_at"] == NOON


def test_an_infinite_time_is_none() -> None:
    assert one("customers", created_at=datetime.max)["created_at"] is None
    beyond = pa.array([2**63 - 1], pa.int64()).cast(NAIVE)
    buffer = BytesIO()
    columns = {name: _array([customer()[name]], kind) for name, kind in CUSTOMER_TYPES.items()}
    pq.write_table(pa.table({**columns, "updated_at": beyond}), buffer)
    assert refine("customers", raw_file(buffer.getvalue())).reasons == {"change_time_missing": 1}


@pytest.mark.parametrize(
    ("name", "reason", "changes"),
    [
        pytest.param("customers", "customer_id_missing", {"customer_id": None}, id="customer without id"),
        pytest.param("customers", "change_time_missing", {"updated_at": None}, id="customer without change time"),
        pytest.param("products", "product_id_missing", {"product_id": None}, id="product without id"),
        pytest.param("products", "change_time_missing", {"updated_at": None}, id="product without change time"),
        pytest.param("products", "amount_missing", {"price": None}, id="no price"),
        pytest.param("products", "amount_invalid", {"price": "nan"}, id="price that is no number"),
        pytest.param("products", "amount_invalid", {"price": "1e3"}, id="price in another notation"),
        pytest.param("products", "amount_invalid", {"price": "19.905"}, id="half a cent"),
        pytest.param("products", "amount_invalid", {"price": "100000000.00"}, id="more digits than declared"),
        pytest.param("products", "amount_negative", {"price": "-0.01"}, id="negative price"),
        pytest.param("orders", "order_id_missing", {"order_id": None}, id="order without id"),
        pytest.param("orders", "change_time_missing", {"updated_at": None}, id="order without change time"),
        pytest.param("orders", "customer_id_missing", {"customer_id": None}, id="order of nobody"),
        pytest.param("orders", "order_date_missing", {"order_date": None}, id="order without date"),
        pytest.param("orders", "status_missing", {"status": None}, id="no status"),
        pytest.param("orders", "status_missing", {"status": " "}, id="blank status"),
        pytest.param("orders", "amount_missing", {"total_amount": None}, id="no total"),
        pytest.param("orders", "amount_missing", {"total_amount": " "}, id="blank total"),
        pytest.param("orders", "amount_invalid", {"total_amount": "12.345"}, id="total with half a cent"),
        pytest.param("orders", "amount_negative", {"total_amount": "-53.73"}, id="negative total"),
        pytest.param("orders", "country_unknown", {"shipping_country": "Atlantis"}, id="no such country"),
        pytest.param("orders", "country_unknown", {"shipping_country": None}, id="no country"),
        pytest.param("order_items", "order_item_id_missing", {"order_item_id": None}, id="line without id"),
        pytest.param("order_items", "change_time_missing", {"created_at": None}, id="line without time"),
        pytest.param("order_items", "order_id_missing", {"order_id": None}, id="line without order"),
        pytest.param("order_items", "product_id_missing", {"product_id": None}, id="line without product"),
        pytest.param("order_items", "quantity_invalid", {"quantity": 0}, id="none of it"),
        pytest.param("order_items", "quantity_invalid", {"quantity": -3}, id="less than none"),
        pytest.param("order_items", "quantity_invalid", {"quantity": None}, id="nobody knows how many"),
        pytest.param("order_items", "amount_missing", {"unit_price": None}, id="no unit price"),
        pytest.param("order_items", "amount_negative", {"unit_price": "-19.90"}, id="negative unit price"),
        pytest.param("order_items", "amount_invalid", {"line_total": "53.731"}, id="line total with a tenth of a cent"),
        pytest.param("order_items", "amount_negative", {"line_total": "-53.73"}, id="negative line total"),
        pytest.param("order_items", "discount_invalid", {"discount_pct": "-1"}, id="discount below 0"),
        pytest.param("order_items", "discount_invalid", {"discount_pct": "100.01"}, id="discount above 100"),
        pytest.param("order_items", "discount_invalid", {"discount_pct": "nan"}, id="discount that is no number"),
        pytest.param("order_items", "line_total_wrong", {"line_total": "53.75"}, id="two cents too much"),
        pytest.param("order_items", "line_total_wrong", {"line_total": "53.71"}, id="two cents too little"),
        pytest.param("order_items", "line_total_wrong", {"line_total": "53", "unit_price": "20"}, id="a dollar short"),
        pytest.param(
            "order_items", "line_total_wrong", {"line_total": "54", "unit_price": "19.91"}, id="a whole total"
        ),
        pytest.param("order_items", "line_total_wrong", {"discount_pct": None}, id="discount taken, but not stated"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(name: str, reason: str, changes: dict[str, Any]) -> None:
    key = REFINERS[name][0].key[0]
    good = ROWS[name]()
    refined = refine(name, table(name, good, good | changes, {**good, key: 99}))

    assert refined.reasons == {reason: 1}
    assert refined.counts["out"] == 2
    reject = refined.rejects.to_dicts()[0]
    assert (reject["origin"].startswith("rows-0001"), reject["position"]) == (True, 1)
    column, value = next(iter(changes.items()))
    assert json.loads(reject["payload"])[column] == value
    assert value is None or reject["detail"] == f"{column} is {value}"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"line_total": "53.74"}, id="a cent too much"),
        pytest.param({"line_total": "53.72"}, id="a cent too little"),
        pytest.param({"discount_pct": None, "line_total": "59.70"}, id="no discount stated, none taken"),
        pytest.param({"discount_pct": "100", "line_total": "0"}, id="for nothing"),
        pytest.param(
            {"quantity": 1, "unit_price": "0.05", "discount_pct": "50", "line_total": "0.04"},
            id="half a cent goes up, and then a cent",
        ),
        pytest.param(
            {"quantity": 1, "unit_price": "1799", "discount_pct": "5", "line_total": "1709"}, id="yen have no cents"
        ),
        pytest.param(
            {"quantity": 1, "unit_price": "1790", "discount_pct": "5", "line_total": "1701"}, id="half a yen goes up"
        ),
        pytest.param(
            {"quantity": 32767, "unit_price": "99999999.99", "discount_pct": "99.99", "line_total": "327669999.97"},
            id="large numbers stay exact",
        ),
    ],
)
def test_a_line_total_may_be_a_cent_off(changes: dict[str, Any]) -> None:
    assert refine("order_items", table("order_items", item(**changes))).reasons == {}


def test_the_first_broken_rule_is_the_reason() -> None:
    refined = refine("orders", table("orders", order(status=None, total_amount="x", shipping_country="?")))
    assert refined.reasons == {"status_missing": 1}


@pytest.mark.parametrize("kind", [pa.int16(), pa.int32(), pa.int64()])
def test_every_width_of_whole_numbers_is_read(kind: Any) -> None:
    assert rows_of("orders", table("orders", order(), customer_id=kind))[0]["customer_id"] == 7


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param(pa.string(), "53.73", id="text"),
        pytest.param(pa.decimal128(12, 2), Decimal("53.73"), id="decimal"),
        pytest.param(pa.float64(), 53.73, id="floating point"),
    ],
)
def test_an_amount_is_exact_whatever_type_it_comes_in(kind: Any, value: object) -> None:
    file = table("orders", order(total_amount=value), total_amount=kind)
    assert rows_of("orders", file)[0]["total_amount"] == Decimal("53.73")


def test_an_enumeration_is_read_as_text() -> None:
    kind = pa.opaque(pa.binary(), "order_status", "PostgreSQL")
    assert rows_of("orders", table("orders", order(status=b"Shipped"), status=kind))[0]["status"] == "shipped"


def test_columns_that_are_not_declared_are_ignored() -> None:
    file = table("orders", {**order(), "note": "fragile"}, note=pa.string())
    assert set(rows_of("orders", file)[0]) == {column.name for column in ORDERS.columns}


def test_the_latest_attempt_wins_then_the_later_part_then_the_later_row() -> None:
    first = table("orders", order(status="one"), order(status="two"), attempt=None)
    part = table("orders", order(status="three"), attempt=None, page=10)
    again = table("orders", order(status="four"), attempt=2)

    assert [row["status"] for row in rows_of("orders", first)] == ["two"]
    assert [row["status"] for row in rows_of("orders", part, first)] == ["three"]
    refined = refine("orders", again, part, first)
    assert refined.frames[0]["status"].to_list() == ["four"]
    assert refined.counts == {"in": 4, "out": 1, "superseded": 3, "outside": 0, "quarantined": 0}


def test_parts_are_ordered_by_number_not_by_name() -> None:
    parts = [table("orders", order(status=str(page)), page=page) for page in (9999, 10_000)]
    assert [row["status"] for row in rows_of("orders", *parts)] == ["10000"]


def test_versions_of_one_row_stay_side_by_side() -> None:
    later = NOON + timedelta(milliseconds=1)
    records = rows_of("orders", table("orders", order(updated_at=later), order(status="paid")))
    assert [(row["updated_at"], row["status"]) for row in records] == [(NOON, "paid"), (later, "shipped")]


def test_a_bad_version_does_not_remove_a_good_one() -> None:
    refined = refine("orders", table("orders", order()), table("orders", order(status=None), attempt=2))
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}


def test_rows_come_out_the_same_in_whatever_order_files_are_given() -> None:
    files = [
        table("order_items", *(item(order_item_id=n, created_at=NOON) for n in (5, 3, 9)), page=1),
        table("order_items", *(item(order_item_id=n, product_id=n) for n in (3, 4)), page=2),
        table("order_items", item(order_item_id=9, product_id=8), item(order_item_id=2, quantity=0), attempt=2),
    ]
    results = [refine("order_items", *shuffled) for shuffled in permutations(files)]

    assert results[0].frames[0]["order_item_id"].to_list() == [3, 4, 5, 9]
    assert results[0].frames[0]["product_id"].to_list() == [3, 4, 3, 8]
    assert all(result.frames[0].equals(results[0].frames[0]) for result in results)
    assert all(result.rejects.equals(results[0].rejects) for result in results)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"order_id\n1\n", id="CSV"),
        pytest.param(table("orders", order()).read()[:-20], id="cut off"),
        pytest.param(table("products", product()).read(), id="another table"),
        pytest.param(table("orders", order(order_date="today"), order_date=pa.string()).read(), id="another kind"),
    ],
)
def test_a_file_that_is_no_such_table_is_one_reject_and_harms_no_other(payload: bytes) -> None:
    refined = refine("orders", raw_file(payload, page=2), table("orders", order()))

    assert refined.reasons == {"payload_invalid": 1}
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}
    assert refined.rejects["position"].to_list() == [None]


def test_a_large_table_is_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tandem.refine.ecommerce_tables.PART_ROWS", 2)
    refined = refine("order_items", table("order_items", *(item(order_item_id=n) for n in (4, 1, 3, 5, 2))))

    assert [frame.height for frame in refined.frames] == [2, 2, 1]
    assert pl.concat(refined.frames)["order_item_id"].to_list() == [1, 2, 3, 4, 5]
