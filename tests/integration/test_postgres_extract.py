"""The shop's tables from a real PostgreSQL into a lake on disk: windows, re-runs, broken connections, drift."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from adbc_driver_postgresql import dbapi
from pydantic import SecretStr

from tandem.errors import LakeError, SchemaChanged, SourceRefused, SourceUnavailable
from tandem.extract import parquet
from tandem.extract.captured import Captured
from tandem.extract.ecommerce import SOURCES, capture
from tandem.extract.ecommerce.tables import open_postgres
from tandem.lake.manifest import Manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.raw import Capture
from tandem.lake.store import Store, open_store
from tandem.settings import Settings
from tandem.sources.postgres import Changes
from tandem.standins.postgres import shop as tables_of_shop
from tandem.standins.postgres.content import Content
from tandem.standins.postgres.server import PostgresStandin

FIRST, SECOND, THIRD = (date(2025, 11, day) for day in (1, 2, 3))
LINES = 200_000  # 18 MB on the way, more than fits into any buffer between the server and us
SCHEMAS = count()


def lines(rows: int) -> str:
    return (
        "insert into order_items select n, n / 3, n % 200, 1, n % 1000 * 1.01, 0, n * 1.5, "
        f"timestamptz '2025-10-01 00:00Z' + n * interval '1 second' from generate_series(1, {rows}) n;"
    )


class Shop:
    """A schema of its own on the server, with the four tables, empty."""

    def __init__(self, server: PostgresStandin, schema: str) -> None:
        self.server, self.schema = server, schema
        self.run(f'create schema "{schema}"', *filter(str.strip, tables_of_shop.plain_tables().split(";")))

    def run(self, *statements: str) -> None:
        uri = self.server.admin_uri
        with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in (f'set search_path = "{self.schema}"', *statements):
                cursor.execute(statement)

    def customer(self, number: int, changed: str | None, **more: str) -> None:
        """Make a customer, or change one."""
        values = {"customer_id": str(number), "email": f"'{number}@x.test'", **more}
        values["updated_at"] = "null" if changed is None else f"'{changed}'"
        names, given = ", ".join(values), ", ".join(values.values())
        self.run(f"delete from customers where customer_id = {number}")
        self.run(f"insert into customers ({names}) values ({given})")

    def settings(self, **other: Any) -> Settings:
        server = self.server
        given = {
            "postgres_host": server.host,
            "postgres_port": server.port,
            "postgres_database": server.database,
            "postgres_schema": self.schema,
            "postgres_user": server.user,
            "postgres_password": SecretStr(server.password),
        }
        return Settings(**{**given, **other})


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresStandin]:
    with PostgresStandin(Content()) as running:
        yield running


@pytest.fixture
def shop(server: PostgresStandin) -> Shop:
    return Shop(server, f"shop_{next(SCHEMAS)}")


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return open_store(tmp_path.as_uri())


def take(shop: Shop, lake: Store, feed: str, *days: date, **other: Any) -> Captured:
    return capture(shop.settings(**other), lake, feed, days, lambda *_: None)


def rows(lake: Store, manifest: Manifest) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(BytesIO(data)) for _, data in read_files(lake, manifest))


def versions(lake: Store, captured: Captured) -> list[list[tuple[int, str | None]]]:
    """(id, updated_at) of the customers in each commit, sorted."""
    found = (rows(lake, manifest) for manifest in captured.manifests)
    return [
        sorted(zip(frame["customer_id"], frame["updated_at"].dt.strftime("%d %H:%M"), strict=True)) for frame in found
    ]


def current(lake: Store, feed: str, day: date) -> Manifest | None:
    found = read_manifest(lake, Zone.RAW, Partition("ecommerce", feed, day))
    return found[0] if found else None


def test_rows_land_as_postgresql_has_them(shop: Shop, lake: Store) -> None:
    shop.run(
        "insert into products values (1, 'Größe \"L\"', null, '', 12.50, -0.10, 99999.99, true, "
        "'2025-10-31 23:59:59.123456', '2025-11-01'), "
        "(2, null, null, null, 'NaN', null, null, null, null, '2025-11-01')"
    )
    [manifest] = take(shop, lake, "products", FIRST).manifests
    [file] = manifest.files
    assert file.name.startswith("rows-0001.")
    assert file.name.endswith(".parquet")
    assert file.origin["attempt"] == file.origin["page"] == 1
    assert (file.origin["table"], file.origin["rows"]) == ("products", 2)
    frame = rows(lake, manifest).sort("product_id")
    assert frame.columns == tables_of_shop.names_of("products").split(", ")
    first, second = frame.to_dicts()
    assert [first[name] for name in ("name", "subcategory", "price", "cost", "weight_kg", "is_active")] == [
        *('Größe "L"', "", "12.50", "-0.10", "99999.99", True)
    ]
    assert first["created_at"] == datetime(2025, 10, 31, 23, 59, 59, 123456)
    assert second["price"] == "NaN"
    assert second["is_active"] is None


def test_a_table_without_rows_is_a_commit_that_says_the_columns(shop: Shop, lake: Store) -> None:
    [manifest] = take(shop, lake, "orders", FIRST).manifests
    assert rows(lake, manifest).columns == tables_of_shop.names_of("orders").split(", ")
    assert rows(lake, manifest).is_empty()


def test_each_change_lands_on_the_day_that_captures_it(shop: Shop, lake: Store) -> None:
    """Equal times, times on the border and rows without a time: none is lost, none comes twice on a day."""
    shop.customer(1, "2025-10-01 08:00")
    shop.customer(2, "2025-11-01 23:59")
    shop.customer(3, "2025-11-02 00:00")
    shop.customer(4, "2025-11-02 00:00")
    shop.customer(5, "2025-11-03 00:00")
    shop.customer(6, None)
    captured = take(shop, lake, "customers", THIRD, FIRST, SECOND, tandem_overlap_hours=0)
    assert [manifest.partition.day for manifest in captured.manifests] == [FIRST, SECOND, THIRD]
    assert versions(lake, captured) == [
        [(1, "01 08:00"), (2, "01 23:59"), (6, None)],
        [(3, "02 00:00"), (4, "02 00:00")],
        [(5, "03 00:00")],
    ]


def test_a_row_without_a_change_time_comes_when_it_was_made_and_not_each_day(shop: Shop, lake: Store) -> None:
    take(shop, lake, "customers", FIRST)
    shop.customer(1, None, created_at="'2025-11-02 12:00'")
    shop.customer(2, None, created_at="'2025-11-01 12:00'")
    captured = take(shop, lake, "customers", SECOND, THIRD, tandem_overlap_hours=0)
    assert versions(lake, captured) == [[(1, None)], []]


def test_a_row_that_comes_late_is_caught_by_the_overlap(shop: Shop, lake: Store) -> None:
    shop.customer(1, "2025-11-01 12:00")
    take(shop, lake, "customers", FIRST)
    shop.customer(2, "2025-11-01 11:00")
    shop.customer(3, "2025-10-31 23:00")
    shop.customer(4, "2025-11-02 12:00")
    captured = take(shop, lake, "customers", SECOND, tandem_overlap_hours=24)
    assert versions(lake, captured) == [[(1, "01 12:00"), (2, "01 11:00"), (4, "02 12:00")]]
    assert captured.manifests[0].files[0].origin["changed_from"] == "2025-11-01T00:00:00+00:00"


def test_a_gap_between_captures_is_asked_for_too(shop: Shop, lake: Store) -> None:
    take(shop, lake, "customers", FIRST)
    shop.customer(1, "2025-11-02 12:00")
    shop.customer(2, "2025-11-05 12:00")
    captured = take(shop, lake, "customers", date(2025, 11, 5), tandem_overlap_hours=0)
    assert versions(lake, captured) == [[(1, "02 12:00"), (2, "05 12:00")]]


def test_running_a_day_again_keeps_what_has_changed_since(shop: Shop, lake: Store) -> None:
    shop.customer(1, "2025-11-01 12:00")
    shop.customer(2, "2025-11-01 13:00")
    first = take(shop, lake, "customers", FIRST)
    shop.customer(1, "2025-11-02 12:00")
    shop.customer(3, "2025-11-01 14:00")
    again = take(shop, lake, "customers", FIRST)
    assert versions(lake, first) == [[(1, "01 12:00"), (2, "01 13:00")]]
    assert versions(lake, again) == [[(1, "01 12:00"), (2, "01 13:00"), (2, "01 13:00"), (3, "01 14:00")]]
    assert [file.origin["attempt"] for file in again.manifests[0].files] == [1, 2]


def test_running_an_unchanged_day_again_writes_nothing(shop: Shop, lake: Store) -> None:
    shop.run(lines(50_000))
    first = take(shop, lake, "order_items", FIRST)
    before = sorted((item.path, item.modified) for item in lake.list())
    assert take(shop, lake, "order_items", FIRST) == first
    assert sorted((item.path, item.modified) for item in lake.list()) == before


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_days_are_utc_whatever_the_servers_zone_is(server: PostgresStandin, lake: Store, zone: str) -> None:
    shop = Shop(server, f"shop_{next(SCHEMAS)}")
    shop.run(f"alter role {server.user} set timezone = '{zone}'")
    columns = "(customer_id, updated_at)"
    shop.run(f"insert into customers {columns} values (1, '2025-11-01 23:59'), (2, '2025-11-02 00:01')")
    shop.run("alter table orders rename to plain_orders")
    shop.run("create table orders (like plain_orders)")
    shop.run(
        "insert into orders (order_id, updated_at) values "
        "(1, '2025-11-01 23:59Z'), (2, '2025-11-02 00:01Z'), (3, '2025-11-02 01:00+05:45')"
    )
    naive, aware = (take(shop, lake, feed, FIRST).manifests[0] for feed in ("customers", "orders"))
    shop.run(f"alter role {server.user} reset timezone")
    assert rows(lake, naive)["customer_id"].to_list() == [1]
    assert sorted(rows(lake, aware)["order_id"]) == [1, 3]
    assert rows(lake, aware).sort("order_id")["updated_at"][1] == datetime(2025, 11, 1, 19, 15, tzinfo=UTC)


def test_the_connection_says_which_day_it_reads_for(shop: Shop, lake: Store) -> None:
    shop.customer(1, "2025-11-01 12:00")
    shop.run(
        "alter table customers rename to people",
        "create view customers as select *, current_setting('application_name') as seen_by from people",
    )
    captured = take(shop, lake, "customers", FIRST, SECOND)
    names = [rows(lake, manifest)["seen_by"][0] for manifest in captured.manifests]
    assert names == ["tandem ecommerce 2025-11-01", "tandem ecommerce 2025-11-02"]


def test_names_that_need_quoting_are_quoted(server: PostgresStandin, lake: Store) -> None:
    shop = Shop(server, "Shop's; drop")
    shop.run('alter table "Shop\'s; drop".products add column "Größe \\ \'x""" money default 7.5')
    shop.run('insert into "Shop\'s; drop".products (product_id) values (1)')
    captured = take(shop, lake, "products", FIRST)
    assert rows(lake, captured.manifests[0])["Größe \\ 'x\""].to_list() == ["$7.50"]


def test_types_of_any_sort_come_as_text(shop: Shop, lake: Store) -> None:
    shop.run(
        "create type size as enum ('S', 'L')",
        "create domain sku as varchar(9)",
        "alter table products add a size default 'L', add b sku default 'x', add c jsonb default '{\"k\": [1]}', "
        "add d int[] default '{1,2}', add e inet default '10.0.0.1', add f bytea default '\\x00ff', "
        "add g numrange default '[1,2)', add h interval default '1 day'",
        "insert into products (product_id, updated_at) values (1, null)",
    )
    captured = take(shop, lake, "products", FIRST)
    assert rows(lake, captured.manifests[0]).select(*"abcdefgh").row(0) == (
        *("L", "x", '{"k": [1]}', "{1,2}", "10.0.0.1/32", "\\x00ff", "[1,2)", "1 day"),
    )
    assert len(captured.notices) == 8


def test_rows_come_in_small_batches_and_files_of_bounded_size(
    shop: Shop, lake: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So memory does not grow with the table."""
    shop.run(lines(LINES))
    with open_postgres(shop.settings()) as source, source.reading("test"):
        found = source.rows(
            "order_items", source.columns("order_items"), Changes("created_at", None, datetime.now(UTC))
        )
        sizes = [(batch.num_rows, batch.nbytes) for batch in found]
    assert sum(rows for rows, _ in sizes) == LINES
    assert max(size for _, size in sizes) < 4_000_000
    monkeypatch.setattr(parquet, "FILE_ROWS", 50_000)
    [manifest] = take(shop, lake, "order_items", FIRST).manifests
    assert [file.origin["page"] for file in manifest.files] == list(range(1, len(manifest.files) + 1))
    assert len(manifest.files) >= 3
    assert sum(file.origin["rows"] for file in manifest.files) == LINES
    assert rows(lake, manifest)["order_item_id"].n_unique() == LINES


def on_first_file(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something in the middle of the stream: when its first file is about to be written."""
    monkeypatch.setattr(parquet, "FILE_ROWS", 20_000)
    add, done = Capture.add, []

    def act_once(*args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(True)
            act()
        return add(*args, **kwargs)

    monkeypatch.setattr(Capture, "add", act_once)


@pytest.fixture
def busy() -> Iterator[Shop]:
    """A shop on a server of its own, which may be treated badly."""
    with PostgresStandin(Content()) as server:
        shop = Shop(server, "busy")
        shop.run(lines(LINES))
        yield shop


def test_a_server_killed_in_the_middle_and_started_again_gives_the_right_commit(
    busy: Shop, lake: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_first_file(monkeypatch, busy.server.kill)
    with pytest.raises(SourceUnavailable, match="broke off") as error:
        take(busy, lake, "order_items", FIRST)
    assert error.value.retryable
    assert current(lake, "order_items", FIRST) is None
    settings = {"postgres_port": busy.server._told["port"]}
    with pytest.raises(SourceUnavailable, match="POSTGRES_HOST"):
        take(busy, lake, "order_items", FIRST, **settings)
    busy.server.restart()
    [manifest] = take(busy, lake, "order_items", FIRST).manifests
    undisturbed = take(busy, open_store((tmp_path / "other").as_uri()), "order_items", FIRST)
    assert manifest.commit == undisturbed.manifests[0].commit
    assert rows(lake, manifest)["order_item_id"].sort().to_list() == list(range(1, LINES + 1))


def test_an_immediate_shutdown_in_the_middle_leaves_no_commit(
    busy: Shop, lake: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    postmaster = psutil.Process(busy.server.running.said["server"])

    def shut_down() -> None:
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(10)

    on_first_file(monkeypatch, shut_down)
    with pytest.raises(SourceUnavailable):
        take(busy, lake, "order_items", FIRST)
    assert current(lake, "order_items", FIRST) is None


def test_a_connection_that_the_administrator_ends_may_be_tried_again(
    shop: Shop, lake: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run(lines(LINES))
    take(shop, lake, "order_items", FIRST)
    end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tandem ecommerce %'"
    on_first_file(monkeypatch, lambda: shop.run(end))
    with pytest.raises(SourceUnavailable):
        take(shop, lake, "order_items", THIRD, tandem_overlap_hours=10_000)
    assert current(lake, "order_items", THIRD) is None
    again = take(shop, lake, "order_items", THIRD, tandem_overlap_hours=10_000)
    assert rows(lake, again.manifests[0]).height == LINES


def test_a_lake_that_refuses_ends_the_stream_at_once(shop: Shop, lake: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run(lines(LINES))

    def full() -> None:
        raise LakeError("No space left on device.")

    on_first_file(monkeypatch, full)
    with pytest.raises(LakeError, match="No space"):
        take(shop, lake, "order_items", FIRST)
    assert current(lake, "order_items", FIRST) is None


def test_days_before_one_that_fails_stay_committed(shop: Shop, lake: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        shop.run("alter table customers rename column email to mail")

    with pytest.raises(SchemaChanged):
        capture(shop.settings(), lake, "customers", [FIRST, SECOND], progress)
    assert told == [(1, 2)]
    assert current(lake, "customers", FIRST)
    assert current(lake, "customers", SECOND) is None


def test_a_new_column_passes_with_a_notice_and_is_kept(shop: Shop, lake: Store) -> None:
    shop.customer(1, "2025-11-01 12:00")
    shop.run("alter table customers add column loyalty integer default 7")
    captured = take(shop, lake, "customers", FIRST)
    [notice] = captured.notices
    assert "loyalty (integer)" in notice
    assert rows(lake, captured.manifests[0])["loyalty"].to_list() == [7]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param("rename column total_amount to amount", r"total_amount \(number\) is missing", id="renamed"),
        pytest.param("drop column status", r"status \(text\) is missing", id="gone"),
        pytest.param("alter column total_amount type text", "was number and is now text", id="number to text"),
        pytest.param("alter column order_id type numeric", "was integer and is now numeric", id="integer to number"),
        pytest.param("alter column updated_at type date", "was timestamp and is now date", id="time to date"),
        pytest.param("alter column status type jsonb using null", "was text and is now jsonb", id="text to object"),
        pytest.param("alter column status type text[] using null", r"is now text\[\]", id="text to list"),
    ],
)
def test_a_changed_column_stops_before_a_row_is_read(
    shop: Shop, lake: Store, change: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(shop, lake, "orders", FIRST)
    shop.run(f"alter table orders {change}")
    monkeypatch.setattr(Capture, "add", lambda *_, **__: pytest.fail("a row was read"))
    with pytest.raises(SchemaChanged, match=said) as error:
        take(shop, lake, "orders", SECOND)
    assert "ecommerce.orders: table orders has changed" in str(error.value)
    assert current(lake, "orders", SECOND) is None
    assert current(lake, "orders", FIRST)


@pytest.mark.parametrize(
    ("column", "kind"), [("status", "text"), ("order_id", "integer"), ("updated_at", "timestamp without time zone")]
)
def test_another_type_of_the_same_kind_passes_with_a_notice(shop: Shop, lake: Store, column: str, kind: str) -> None:
    take(shop, lake, "orders", FIRST)
    shop.run(f"alter table orders alter column {column} type {kind}")
    [notice] = take(shop, lake, "orders", SECOND).notices
    assert f"{column} in table orders was" in notice
    assert f"is now {kind}" in notice
    assert take(shop, lake, "orders", THIRD).notices == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        pytest.param({"postgres_password": "wr0ng & s3cret"}, "POSTGRES_PASSWORD", id="password"),
        pytest.param({"postgres_user": "nobody", "postgres_password": "s3cret"}, "POSTGRES_USER", id="user"),
        pytest.param({"postgres_database": "elsewhere"}, "POSTGRES_DATABASE", id="database"),
        pytest.param({"postgres_schema": "elsewhere"}, "POSTGRES_SCHEMA", id="schema"),
        pytest.param({"postgres_sslmode": "require"}, "POSTGRES_SSLMODE", id="encryption"),
        pytest.param({"postgres_password": "s3cret\0x"}, "POSTGRES_", id="a password that no server takes"),
    ],
)
def test_a_wrong_setting_is_named_and_no_password_is_shown(
    shop: Shop, lake: Store, other: dict[str, str], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SourceRefused, match=named) as error:
        take(shop, lake, "orders", FIRST, **other)
    shown = str(error.value) + caplog.text + repr(error.value.__cause__)
    assert "s3cret" not in shown
    assert shop.server.password not in shown


def test_a_table_that_may_not_be_read_says_what_to_grant(shop: Shop, lake: Store) -> None:
    role = f"poor_{shop.schema}"
    shop.run(f"create role {role} login password 'poor'", f'grant usage on schema "{shop.schema}" to {role}')
    with pytest.raises(SourceRefused, match="grant usage on the schema and select on the table"):
        take(shop, lake, "orders", FIRST, postgres_user=role, postgres_password="poor")
    assert current(lake, "orders", FIRST) is None


def test_a_server_that_is_not_there_may_be_tried_again(shop: Shop, lake: Store, tmp_path: Path) -> None:
    for host in ("127.0.0.1", str(tmp_path)):
        with pytest.raises(SourceUnavailable, match="POSTGRES_HOST") as error:
            take(shop, lake, "orders", FIRST, postgres_host=host, postgres_port=1)
        assert error.value.retryable


def test_the_look_says_where_the_server_is(shop: Shop) -> None:
    assert SOURCES["postgres"](shop.settings()) == f"127.0.0.1:{shop.server.port}/{shop.server.database}"


def test_four_tables_leave_no_connection_open(shop: Shop, lake: Store) -> None:
    for feed in ("customers", "products", "orders", "order_items"):
        take(shop, lake, feed, FIRST, SECOND)
    limit = time.monotonic() + 10
    while time.monotonic() < limit and connections(shop):
        os.sched_yield()
    assert connections(shop) == 0


def connections(shop: Shop) -> int:
    with dbapi.connect(shop.server.admin_uri) as connection, connection.cursor() as cursor:
        cursor.execute(f"select count(*) from pg_stat_activity where usename = '{shop.server.user}'")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])
