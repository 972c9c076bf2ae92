#!/usr/bin/env python3
"""The shop's four PostgreSQL tables to files: Tandem's capture, beside binary COPY and dlt.

    ./entrypoint.sh scripts/bench_extract.py [--scale 1] [--large 25] [--rounds 5]

At scale 1 the tables have 400,200 rows, made by scripts/generate_ecommerce.py; a larger one repeats them with other
keys. One PostgreSQL of its own serves everybody, on this machine, by its socket. Everybody takes whole tables, in two
ways: in turn, by one process, and at once, by four processes with a table each, which is how the DAG's tasks run.

tandem      what the DAG's tasks call for a first load: Parquet with the database's own types, hashed, written to a
            lake on this disk and committed by a manifest
COPY        psql, `\\copy <table> to <file> with (format binary)`: bytes as PostgreSQL sends them, in no open format
dlt         sql_database with the pyarrow backend (chunks of 100,000 rows, psycopg2), full reflection, to Parquet on
            this disk; what it extracts, normalises and loads, without its telemetry, each time a pipeline that is new

Seconds are of the clock, from the moment everybody is ready until the last has ended. Who is ready has extracted the
smallest table once, so imports are not in them; a connection is, for COPY the start of psql too. cpu is what the
processor spent, here and in PostgreSQL. Memory is the peak resident set of the largest process that extracts. The
contenders take turns, and the fastest round counts. The rows are compared afterwards. At the larger scale COPY and
Tandem run once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from bench_airflow import PEER, end_cleanly
from bench_child import Work, children, obey
from bench_shop import SUMMARIES, TABLES, Database, Shop, generated_shop, shop_environment

DAY = date(2030, 1, 1)  # after the last change there is
SMALLEST = "products"
LIMIT_SECONDS = 600.0
CHUNK = 100_000
IN_TURN: tuple[tuple[str, ...], ...] = (TABLES,)
AT_ONCE = tuple((table,) for table in TABLES)
WAYS = {"in turn": IN_TURN, "at once": AT_ONCE}
FOLDERS = {
    "tandem": f"raw/ecommerce/{{table}}/year={DAY:%Y}/month={DAY:%m}/day={DAY:%d}",
    "dlt": "files/*/shop/{table}",
}


@dataclass(frozen=True)
class Race:
    """What a contender took for all tables: seconds of the clock and of the processor, and its largest process."""

    seconds: float
    cpu: float
    peak: int


def main(words: Sequence[str] | None = None) -> None:
    """Fill a database, run everybody, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the shop that all three extract")
    parser.add_argument("--large", type=int, default=25, help="how many times larger once more; 1 for not at all")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run; the fastest counts")
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.child:
        obey(partial(warm, CONTENDERS[arguments.child]))
        return
    end_cleanly()
    if not (PEER / "dlt").exists():
        sys.exit(f"{PEER.parent} has no dlt. `make bench` makes the environment of the peers.")
    with (
        tempfile.TemporaryDirectory(prefix="tandem-bench-") as name,
        generated_shop(Path(name), arguments.scale) as shop,
    ):
        small(shop, Path(name), arguments.rounds)
        if arguments.large > 1:
            large(shop, Path(name), arguments.large)


def small(shop: Shop, folder: Path, rounds: int) -> None:
    """Everybody, several times."""
    best: dict[tuple[str, str], Race] = {}
    for _ in range(rounds):
        for way, groups in WAYS.items():
            for contender in CONTENDERS:
                race = run(contender, groups, shop, folder / "out")
                best[way, contender] = min(best.get((way, contender), race), race, key=lambda race: race.seconds)
    report(shop, best)
    for way in WAYS:
        copy, tandem, dlt = (best[way, name].seconds for name in ("COPY", "tandem", "dlt"))
        print(f"{way}: tandem takes {tandem / copy:.2f} x COPY, dlt takes {dlt / tandem:.1f} x tandem", flush=True)


def large(shop: Shop, folder: Path, times: int) -> None:
    """COPY and Tandem, once, with many times the rows."""
    shop.multiply(times)
    found = {
        (way, contender): run(contender, groups, shop, folder / "out")
        for way, groups in WAYS.items()
        for contender in ("COPY", "tandem")
    }
    report(shop, found)


def report(shop: Shop, found: Mapping[tuple[str, str], Race]) -> None:
    """Print seconds, ratio, cpu and memory of each."""
    print(f"{shop.database.rows():,} rows of four PostgreSQL tables to files")
    print(f"{'':18}{'seconds':>9}{'x COPY':>9}{'cpu':>8}{'peak RSS':>12}")
    for (way, contender), race in found.items():
        ratio = race.seconds / found[way, "COPY"].seconds
        memory = "" if contender == "COPY" else f"{race.peak / 2**20:9.0f} MB"  # psql streams: a few MB
        print(f"{contender + ', ' + way:18}{race.seconds:9.2f}{ratio:9.2f}{race.cpu:8.2f}{memory}", flush=True)


def run(contender: str, groups: Sequence[Sequence[str]], shop: Shop, out: Path) -> Race:
    """Let one process extract each group of tables, all at the same moment, and look at what they wrote."""
    out.mkdir()
    python = str(PEER / "python") if contender == "dlt" else sys.executable
    command = [python, str(Path(__file__).resolve()), "--child", contender]
    with children([command] * len(groups), {**shop_environment(), **shop.environment}, LIMIT_SECONDS) as ready:
        start, cpu = time.perf_counter(), shop.processor()
        for child, tables in zip(ready, groups, strict=True):
            child.order({"tables": tables, "out": str(out)})
        answers = [child.answer(LIMIT_SECONDS) for child in ready]
        seconds, cpu = time.perf_counter() - start, shop.processor() - cpu
    check(contender, shop.database, out)
    shutil.rmtree(out)
    cpu += sum(answer["cpu"] for answer in answers)
    return Race(seconds, cpu, max(answer["peak"] for answer in answers))


def check(contender: str, database: Database, out: Path) -> None:
    """Exit unless what was written is what the tables have."""
    expected = {name: database.summary(name) for name in TABLES}
    found = {name: written(contender, name, database, out) for name in TABLES}
    if found != expected:
        sys.exit(f"{contender} wrote other rows than the database has: {found} instead of {expected}")


def written(contender: str, name: str, database: Database, out: Path) -> str:
    """Summary of the rows that a contender wrote of a table."""
    if contender == "COPY":
        return database.summary_of_copy(name, out / name)
    import duckdb

    folder = FOLDERS[contender].format(table=name)
    query = f"select {SUMMARIES[name]} from read_parquet('{out}/{folder}/*.parquet', hive_partitioning = false)"
    return str(duckdb.sql(query).fetchall()[0][0])


# What follows runs in the children.


def warm(prepare: Callable[[], Work]) -> Work:
    """What extracts, after it did so once with the smallest table: dlt imports most of itself while it works."""
    work = prepare()
    with tempfile.TemporaryDirectory() as out:
        work({"tables": [SMALLEST], "out": out})
    return work


def tandem() -> Work:
    """Captures of whole tables into a lake."""
    from tandem.extract.ecommerce import capture
    from tandem.lake.store import open_store
    from tandem.settings import settings

    def work(order: Any) -> None:
        lake = open_store(Path(order["out"]).as_uri())
        for feed in order["tables"]:
            capture(settings(), lake, feed, [DAY], lambda done, total: None)

    return work


def copy() -> Work:
    """One psql, one table after another."""

    def work(order: Any) -> None:
        commands = [f"\\copy {name} to '{order['out']}/{name}' with (format binary)\n" for name in order["tables"]]
        Database(os.environ).psql("".join(commands))

    return work


def dlt() -> Work:
    """A pipeline as the documentation of dlt's sql_database recommends for speed."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt as library
    from dlt.sources.sql_database import sql_database

    url = Database(os.environ).url("postgresql+psycopg2")

    def work(order: Any) -> None:
        name, out = "_".join(order["tables"]), Path(order["out"])
        source = sql_database(
            url, schema=os.environ["POSTGRES_SCHEMA"], table_names=order["tables"], backend="pyarrow", chunk_size=CHUNK
        )
        files = library.destinations.filesystem((out / "files" / name).as_uri())
        pipeline = library.pipeline(name, destination=files, dataset_name="shop", pipelines_dir=str(out / "state"))
        pipeline.run(source, loader_file_format="parquet", write_disposition="replace")

    return work


CONTENDERS: dict[str, Callable[[], Work]] = {"COPY": copy, "tandem": tandem, "dlt": dlt}

if __name__ == "__main__":
    main()
