"""The committed sample data of the shop: made by its generator, small, consistent, and as dirty as it claims."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "sample_data" / "ecommerce"
GENERATOR = PROJECT / "scripts" / "generate_ecommerce.py"
# What a US dollar costs in the currency of the country that is shipped to.
RATES = {
    **dict.fromkeys(("US", "USA", "United States"), 1.0),
    **dict.fromkeys(("CA", "Canada"), 1.4),
    **dict.fromkeys(("GB", "UK", "United Kingdom"), 0.76),
    "JP": 154.0,
}
EURO = 0.87
COUNTING = ("processing", "shipped", "delivered", "refunded")
Row = dict[str, str]


def generate(out: Path, *arguments: str) -> dict[str, bytes]:
    subprocess.run([sys.executable, str(GENERATOR), "--out", str(out), *arguments], check=True)
    return contents(out)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def table(name: str, folder: Path = FOLDER) -> list[Row]:
    with (folder / "postgres" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def newest(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row["visible_to"]]


def objects(feed: str) -> list[dict[str, Any]]:
    lines = (FOLDER / "stripe" / f"{feed}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def marketing(kind: str, day: int) -> bytes:
    return (FOLDER / "marketing" / f"{kind}_2025-11-{day:02}.csv").read_bytes()


def status(row: Row) -> str:
    return row["status"].strip().lower()


def usd(order: Row) -> float:
    return float(order["total_amount"]) / RATES.get(order["shipping_country"], EURO)


@pytest.fixture(scope="module")
def customers() -> list[Row]:
    return table("customers")


@pytest.fixture(scope="module")
def products() -> list[Row]:
    return table("products")


@pytest.fixture(scope="module")
def orders() -> list[Row]:
    return table("orders")


@pytest.fixture(scope="module")
def lines() -> list[Row]:
    return table("order_items")


@pytest.fixture(scope="module")
def charges() -> list[dict[str, Any]]:
    return objects("charges")


@pytest.fixture(scope="module")
def refunds() -> list[dict[str, Any]]:
    return objects("refunds")


def test_generating_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    assert generate(tmp_path) == contents(FOLDER)


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    again = generate(tmp_path, "--seed", "12", "--days", "1")
    assert again["postgres/orders.csv"] != contents(FOLDER)["postgres/orders.csv"]


def test_the_folder_stays_below_two_megabytes() -> None:
    assert sum(map(len, contents(FOLDER).values())) < 2_000_000


def test_the_volumes_are_those_of_the_scale_and_days_scale_alone(tmp_path: Path) -> None:
    generate(tmp_path, "--scale", "0.04", "--daily-scale", "0.1", "--days", "3")
    rows = {name: table(name, tmp_path) for name in ("customers", "orders", "order_items")}
    first = {name: sum(not row["visible_from"] for row in found) for name, found in rows.items()}
    third = {name: sum(row["visible_from"] == "2025-11-03" for row in found) for name, found in rows.items()}
    assert first == {"customers": 2000, "orders": 4000, "order_items": 10_000}
    assert third["customers"] == 20
    assert 380 <= third["order_items"] <= 430
    assert json.loads((tmp_path / "window.json").read_text()) == {"from": "2025-11-01", "to": "2025-11-03"}


def test_orders_span_a_year_with_its_feasts(orders: list[Row]) -> None:
    days = Counter(row["order_date"][:10] for row in newest(orders))
    months = Counter(row["order_date"][:7] for row in newest(orders))
    assert (min(days), max(days)) >= ("2024-11-02", "2025-11-14")
    assert months["2024-12"] > 1.5 * months["2025-01"]
    assert days["2024-11-29"] > 2 * days["2024-11-22"]


def test_versions_of_a_row_follow_each_other_without_a_gap(
    customers: list[Row], products: list[Row], orders: list[Row]
) -> None:
    for rows, key in ((customers, "customer_id"), (products, "product_id"), (orders, "order_id")):
        versions: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            versions[row[key]].append(row)
        for one in versions.values():
            assert all(a["visible_to"] == b["visible_from"] > a["visible_from"] for a, b in pairwise(one))
            assert not one[-1]["visible_to"]


def test_a_total_is_the_sum_of_its_lines_but_for_a_handful(orders: list[Row], lines: list[Row]) -> None:
    sums: dict[str, float] = defaultdict(float)
    for line in lines:
        sums[line["order_id"]] += float(line["line_total"])
    off = [row for row in newest(orders) if abs(sums[row["order_id"]] - float(row["total_amount"])) > 0.005]
    assert len(off) == 9  # five totals, four lines


def test_a_line_is_price_times_quantity_less_discount_but_for_a_handful(lines: list[Row]) -> None:
    wrong = []
    for line in lines:
        net = int(line["quantity"]) * float(line["unit_price"]) * (100 - float(line["discount_pct"])) / 100
        wrong += [line] if abs(net - float(line["line_total"])) > 0.51 else []
    assert sum(line["quantity"] == "0" for line in lines) == 4
    assert len(wrong) == 8
    assert {line["discount_pct"] for line in lines} == {"0", "5", "10", "15", "20"}


def test_a_charge_is_the_orders_total_in_its_currency(orders: list[Row], charges: list[dict[str, Any]]) -> None:
    known = {int(row["order_id"]): row for row in newest(orders)}
    different = 0
    for charge in charges:
        if "order" in charge:
            whole = charge["amount"] / (1 if charge["currency"] == "jpy" else 100)
            different += abs(whole - float(known[charge["order"]]["total_amount"])) > 0.005
    assert different == 5
    assert {charge["currency"] for charge in charges} == {"usd", "cad", "gbp", "eur", "jpy"}


def test_refunds_are_of_charges_that_succeeded_and_never_more_than_they_were(
    charges: list[dict[str, Any]], refunds: list[dict[str, Any]]
) -> None:
    paid = {charge["id"]: charge for charge in charges if "status" not in charge}
    back: Counter[str] = Counter()
    for refund in refunds:
        assert refund["created"] > paid[refund["charge"]]["created"]
        back[refund["charge"]] += refund["amount"] * (refund.get("status") != "failed")
    shares = [back[name] / paid[name]["amount"] for name in back]
    assert max(shares) == 1.0
    assert 0.3 < sum(share < 1 for share in shares) / len(shares) * 2 < 1.0
    assert 0.04 < len(refunds) / len(charges) < 0.055


def test_orders_go_through_their_statuses(orders: list[Row]) -> None:
    steps = Counter()
    for before, after in pairwise(orders):
        if before["order_id"] == after["order_id"]:
            steps[status(before), status(after)] += 1
    assert {("processing", "shipped"), ("shipped", "delivered"), ("delivered", "refunded")} <= set(steps)
    found = Counter(status(row) for row in newest(orders))
    assert {"pending", "pending_review", "cancelled", *COUNTING} == set(found)


def test_customers_move_and_change_their_address(customers: list[Row]) -> None:
    versions: dict[str, list[Row]] = defaultdict(list)
    for row in customers:
        versions[row["customer_id"]].append(row)
    changed = [one for one in versions.values() if len(one) > 1]
    assert any(a["address"] != b["address"] for one in changed for a, b in pairwise(one))
    assert any(a["email"] != b["email"] for one in changed for a, b in pairwise(one))
    assert max(map(len, changed)) >= 3
    emails = Counter(row["email"].lower() for row in newest(customers))
    assert max(emails.values()) == 1


def test_products_change_their_price(products: list[Row]) -> None:
    prices = {row["product_id"]: row["price"] for row in products if row["visible_to"]}
    assert any(prices.get(row["product_id"], row["price"]) != row["price"] for row in newest(products))


def test_customers_are_as_dirty_as_stated(customers: list[Row]) -> None:
    unknown, empty = _nulls("customers", "phone")
    assert 0.27 < unknown / len(customers) < 0.33
    assert empty > 3
    assert {"CA", "California", "TX", "Texas"} <= {row["state"] for row in customers}
    assert {"US", "USA", "United States", "GB", "UK", "United Kingdom"} <= {row["country"] for row in customers}
    assert sum(row["email"].isupper() for row in customers) == pytest.approx(len(customers) / 33, rel=0.3)
    assert sum(not row["updated_at"] for row in customers) == 2


def test_products_are_as_dirty_as_stated(products: list[Row]) -> None:
    assert sum(not row["cost"] for row in newest(products)) == 3
    assert sum(row["cost"].startswith("-") for row in newest(products)) == 1
    assert any(not row["weight_kg"] for row in products)


def test_orders_are_as_dirty_as_stated(orders: list[Row], customers: list[Row]) -> None:
    now = newest(orders)
    people = {row["customer_id"] for row in customers}
    assert {row["status"] for row in orders} >= {" Shipped", "DELIVERED ", "Processing", "pending_review"}
    assert sum(row["customer_id"] not in people for row in now) == 4
    assert sum(row["shipping_country"] in ("Atlantis", "N/A", "Ruritania") for row in now) == 3
    assert sum(not row["updated_at"] for row in now) == 3
    assert sum(row["shipping_country"] == "JP" for row in now) > 3


def test_some_rows_are_late_and_some_share_a_change_time(orders: list[Row]) -> None:
    timed = [row for row in orders if row["visible_from"] and row["updated_at"]]
    late = [row for row in timed if row["updated_at"][:10] < row["visible_from"]]
    days = [date.fromisoformat(row["visible_from"]) - date.fromisoformat(row["updated_at"][:10]) for row in late]
    again = [one for one, next_one in pairwise(timed) if _version(one) == _version(next_one)]
    assert set(days) == {timedelta(days=1)}
    assert len(late) - len(again) > 5
    assert len(again) > 3


def _version(row: Row) -> tuple[str, str]:
    return row["order_id"], row["updated_at"]


def test_timestamps_have_a_zone_in_orders_and_none_in_customers(customers: list[Row], orders: list[Row]) -> None:
    assert all(row["order_date"].endswith("+00") for row in orders)
    assert not any("+" in row["created_at"] for row in customers)


def test_payments_are_as_dirty_as_stated(charges: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> None:
    assert 5 < sum("order" not in charge for charge in charges) < 30
    assert {charge.get("failure_code") for charge in charges if charge.get("status") == "failed"} == {
        "card_declined",
        "insufficient_funds",
    }
    assert any("pending_until" in charge for charge in charges)
    assert 0 < sum("disputed_at" in charge for charge in charges) < 10
    assert any(refund.get("status") == "failed" for refund in refunds)
    assert any("pending_until" in refund for refund in refunds)


def test_each_day_has_its_two_files() -> None:
    names = {file.name for file in (FOLDER / "marketing").iterdir()}
    days = [f"2025-11-{day:02}" for day in range(1, 15)]
    assert names == {f"{kind}_{day}.csv" for kind in ("marketing_spend", "campaign_performance") for day in days}
    assert len(marketing("marketing_spend", 1).splitlines()) == 366
    assert len(marketing("campaign_performance", 1).splitlines()) == 1201


@pytest.mark.parametrize(
    ("kind", "day", "mark"),
    [
        pytest.param("marketing_spend", 2, b"\xef\xbb\xbfdate", id="byte order mark"),
        pytest.param("campaign_performance", 3, "Été indien".encode("latin-1"), id="latin-1"),
        pytest.param("marketing_spend", 4, b"Campaign Name , Date,CHANNEL,spend,clicks,impressions", id="header"),
        pytest.param("campaign_performance", 5, b",see mail\n", id="too many fields"),
        pytest.param("marketing_spend", 6, b'"Brand, the ""big"" one\nsecond line"', id="quotes and line break"),
        pytest.param("marketing_spend", 7, b'"$1,', id="dollars and thousands"),
        pytest.param("campaign_performance", 7, b'"1,234.50"', id="thousands"),
        pytest.param("campaign_performance", 8, b"\n08/11/2025,", id="day first"),
        pytest.param("marketing_spend", 9, b"\n2025-11-09T00:00:00Z,", id="time in a date"),
        pytest.param("marketing_spend", 11, b"\n2025-11-09,", id="correction of an earlier day"),
        pytest.param("campaign_performance", 12, b"date;campaign_id;", id="semicolons"),
        pytest.param("campaign_performance", 13, b"\nsoon,", id="no date"),
        pytest.param("campaign_performance", 13, b",n/a\n", id="no number"),
    ],
)
def test_a_file_is_as_dirty_as_stated(kind: str, day: int, mark: bytes) -> None:
    assert mark in marketing(kind, day)


def test_there_are_ragged_duplicate_and_empty_fields() -> None:
    rows = list(csv.reader(marketing("campaign_performance", 5).decode().splitlines()))
    assert Counter(map(len, rows)) == {6: 29, 4: 1, 7: 1}
    tenth = marketing("campaign_performance", 10).decode().splitlines()
    assert (len(tenth), len(set(tenth))) == (32, 31)
    assert any(row[4] == "" for row in csv.reader(marketing("campaign_performance", 7).decode().splitlines()))


def test_campaigns_claim_less_than_the_shop_took_but_for_two_days(orders: list[Row]) -> None:
    taken: dict[str, float] = defaultdict(float)
    for row in newest(orders):
        taken[row["order_date"][:10]] += usd(row) * (status(row) in COUNTING)
    above = [day for day, claim in _claims().items() if claim > taken[day]]
    assert sorted(above) == ["2025-10-23", "2025-11-07"]


def _claims() -> dict[str, float]:
    """Claimed revenue by date, of the files that can be read without cleaning, and of the one with the claim."""
    found: dict[str, float] = defaultdict(float)
    for day in (1, 2, 7, 10, 14):
        for row in csv.DictReader(marketing("campaign_performance", day).decode("utf-8-sig").splitlines()):
            found[row["date"]] += float(row["revenue_attributed"].replace(",", "").replace("$", ""))
    return found


def _nulls(name: str, column: str) -> tuple[int, int]:
    """How often a column is NULL, and how often an empty text: quoted in the file."""
    text = (FOLDER / "postgres" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    place = text[0].split(",").index(column)
    fields = [line.split(",")[place] for line in text[1:]]
    return fields.count(""), fields.count('""')


def seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def test_payments_are_made_on_the_days_of_the_orders(charges: list[dict[str, Any]]) -> None:
    assert min(charge["created"] for charge in charges) >= seconds("2024-11-02")
    assert max(charge["created"] for charge in charges) < seconds("2025-11-15")
