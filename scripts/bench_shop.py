"""The shop's PostgreSQL for the benchmarks: a stand-in with a generated shop, what is asked of it, and what it used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench_airflow import PROJECT, call, clean_environment

TABLES = ("customers", "products", "orders", "order_items")
IDS = ("customer_id", "product_id", "order_id", "order_item_id")
STEP = 10_000_000  # between the ids of a row and of its copy; no id of a generated shop is as large
SCHEMA = "public"
# One text for a table's rows, the same whether PostgreSQL or DuckDB works it out.
SUMMARIES = {
    "customers": "concat_ws(' ', count(*), sum(customer_id), count(phone), count(distinct email))",
    "products": "concat_ws(' ', count(*), sum(product_id), sum(cast(price as decimal(14, 2))))",
    "orders": "concat_ws(' ', count(*), sum(order_id), sum(cast(total_amount as decimal(14, 2))))",
    "order_items": "concat_ws(' ', count(*), sum(order_item_id), sum(cast(line_total as decimal(14, 2))))",
}
FOREIGN = ("POSTGRES_", "STRIPE_", "MARKETING_", "SLACK_")


class Database:
    """A PostgreSQL, by the settings that say where it is."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at = {name: environment[f"POSTGRES_{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")}
        self._schema = environment["POSTGRES_SCHEMA"]

    def url(self, driver: str) -> str:
        """Its address for SQLAlchemy."""
        return "{driver}://{USER}:{PASSWORD}@{HOST}:{PORT}/{DATABASE}".format(driver=driver, **self._at)

    def psql(self, script: str) -> str:
        """What psql prints for statements and commands of its own; exits with its complaint when one fails."""
        done = subprocess.run(
            [psql_program(), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env={**{f"PG{name}": value for name, value in self._at.items()}, "PGOPTIONS": self._options()},
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def rows(self) -> int:
        """How many the four tables have."""
        return sum(int(self.psql(f"select count(*) from {name}")) for name in TABLES)

    def summary(self, table: str) -> str:
        """Count and sums of a table."""
        return self.psql(f"select {SUMMARIES[table]} from {table}")

    def summary_of_copy(self, table: str, file: Path) -> str:
        """Count and sums of a file that COPY wrote of a table."""
        load = f"create temporary table copied (like {table});\n\\copy copied from '{file}' with (format binary)\n"
        return self.psql(f"{load}select {SUMMARIES[table]} from copied;")

    def _options(self) -> str:
        return f"-c search_path={self._schema}"


class Shop:
    """The stand-in's server: the environment by which everybody finds it, and the processor time that it used."""

    def __init__(self, admin_uri: str, pid: int) -> None:
        at = urlsplit(admin_uri)
        self.pid = pid
        self.environment = {
            "POSTGRES_HOST": str(at.hostname),
            "POSTGRES_PORT": str(at.port),
            "POSTGRES_USER": str(at.username),
            "POSTGRES_PASSWORD": str(at.password),
            "POSTGRES_DATABASE": at.path.lstrip("/"),
            "POSTGRES_SCHEMA": SCHEMA,
        }

    @property
    def database(self) -> Database:
        """The server's database."""
        return Database(self.environment)

    def processor(self) -> float:
        """Seconds of the processor that the server used so far."""
        import psutil

        server = psutil.Process(self.pid)
        while True:
            ended = spent(server.cpu_times(), "children_user", "children_system")
            with suppress(psutil.NoSuchProcess):
                alive = sum(spent(one.cpu_times(), "user", "system") for one in (server, *server.children()))
                # One that ended meanwhile is in neither.
                if ended == spent(server.cpu_times(), "children_user", "children_system"):
                    return ended + alive

    def multiply(self, times: int) -> None:
        """Go on with tables that hold every row so many times, with ids of its own, in a schema of their own."""
        from tandem.standins.postgres.shop import names_of

        schema = f"times_{times}"
        self.database.psql(
            f"create schema {schema};\n"
            + "".join(
                f"create unlogged table {schema}.{name} as select {shifted(names_of(name).split(', '), 'copy')}"
                f" from {SCHEMA}.{name}, generate_series(0, {times - 1}) as copy;\n"
                for name in TABLES
            )
        )
        self.environment["POSTGRES_SCHEMA"] = schema


def spent(times: Any, *kinds: str) -> float:
    """The sum of some of psutil's times."""
    return float(sum(getattr(times, kind) for kind in kinds))


def shifted(columns: list[str], copy: str) -> str:
    """A select list that makes a row another row: copy 0 is the row itself."""
    words = {**{name: f"{name} + {copy} * {STEP} as {name}" for name in IDS}, "email": f"{copy} || email as email"}
    return ", ".join(words.get(name, name) for name in columns)


@contextmanager
def generated_shop(folder: Path, scale: float) -> Iterator[Shop]:
    """A server with the plain tables of a generated shop; it ends with the block or this process."""
    from tandem.standins.postgres import shop
    from tandem.standins.postgres.server import PostgresStandin

    data = generate(folder / "shop", scale, days=1)
    with PostgresStandin(shop.content(data / "postgres", plain=True)) as server:
        yield Shop(server.admin_uri, server.running.said["server"])


def generate(folder: Path, scale: float, days: int) -> Path:
    """Write a shop's data with a year of history, whose last day is the first of so many; returns the folder."""
    script = str(PROJECT / "scripts" / "generate_ecommerce.py")
    call([sys.executable, script, "--scale", str(scale), "--days", str(days), "--out", str(folder)])
    return folder


def shop_environment() -> dict[str, str]:
    """This process's environment without anybody's sources, alerts and `.env`."""
    kept = {name: value for name, value in clean_environment().items() if not name.startswith(FOREIGN)}
    return {**kept, "PYTHONPATH": str(PROJECT / "orchestration"), "TANDEM_ENV_FILE": os.devnull}


def psql_program() -> Path:
    """psql of the package that the stand-in runs."""
    from tandem.standins.postgres.account import Account, programs

    return programs(Account(), Path()) / "psql"
