#!/usr/bin/env python3
"""What a day of change costs when the history is long: the shop's pipeline on a history of scale 1 and of scale 10.

    ./entrypoint.sh scripts/bench_change_day.py [--scale 1] [--times 10] [--days 5]

A shop is generated once, with a year of history and the days after it. Two homes take it; for the second, every row of
the history is there several times, with keys of its own, and the days after it are the same. Its tables are repeated in
PostgreSQL, its payments in the processed zone of the lake: a million of them would take Stripe's protocol ten thousand
pages. The history is extracted, published and built to marts before anything is measured.

Then each home takes the same days, one after another, by the functions that the DAG's tasks call, in a process of its
own that lives on: the imports and dbt's parsing are in the first day after the history, which is not counted and whose
overlap still reaches into the history. The homes take turns. The median of the other days counts.

publish   extraction, refining, publishing and validation of all eight feeds, one task after another
marts     from the beginning of the extraction to the end: publish, then dbt's three layers, its tests, and serving

Seconds are of the clock; cpu is what the processor spent in that process, which other work on the machine changes less.
A day more is then taken by `tandem run ecommerce`, once, as a user does: Airflow's start and the report are in it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench_airflow import PROJECT, call, end_cleanly
from bench_child import Child, Work, children, obey, processor
from bench_shop import STEP, TABLES, generate, shifted, shop_environment

SYSTEM = "ecommerce"
FIRST = date(2025, 11, 1)
LIMIT_SECONDS = 900.0
# As the DAG's tasks take them.
TASKS = (
    *(("orders",), ("customers",), ("products",), ("order_items",)),
    *(("charges", "refunds"), ("marketing_spend", "campaign_performance")),
)
PAYMENTS = ("charges", "refunds")
PARTS = ("capture", "refine", "publish", "staging", "intermediate", "marts", "tests", "serve")
PUBLISHED = PARTS[:3]


@dataclass(frozen=True)
class Home:
    """A home with a history so many times as long, and the process that works in it."""

    times: int
    path: Path
    child: Child
    days: list[dict[str, Any]]

    def take(self, day: date) -> dict[str, Any]:
        """Let the process take a day; returns what each part took."""
        self.child.order(day.isoformat())
        return dict(self.child.answer(LIMIT_SECONDS)["result"])

    def typical(self, parts: Sequence[str], unit: str) -> float:
        """The median over the days that count of what some parts took, by the clock or of the processor."""
        return median(sum(day[unit][part] for part in parts) for day in self.days)


def main(words: Sequence[str] | None = None) -> None:
    """Make the data and both homes, take the days, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the shop")
    parser.add_argument("--times", type=int, default=10, help="how many times longer the second history is")
    parser.add_argument("--days", type=int, default=5, help="days of change that count; one more is taken before")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.child:
        with ExitStack() as stack:
            obey(partial(pipeline, stack, arguments.data, arguments.child))
        return
    end_cleanly()
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        data = generate(Path(name) / "shop", arguments.scale, days=arguments.days + 3)
        with ExitStack() as stack:
            homes = [stack.enter_context(home(Path(name), data, times)) for times in (1, arguments.times)]
            compare(homes, arguments.days)
            whole_runs(homes, FIRST + timedelta(days=arguments.days + 2))


@contextmanager
def home(folder: Path, data: Path, times: int) -> Iterator[Home]:
    """A home of its own, its history built."""
    path = folder / f"home-{times}"
    command = [sys.executable, str(Path(__file__).resolve()), "--child", str(times), "--data", str(data)]
    with children([command], {**shop_environment(), "TANDEM_HOME": str(path)}, LIMIT_SECONDS) as (child,):
        yield Home(times, path, child, [])


def compare(homes: Sequence[Home], days: int) -> None:
    """Take the days in turn and print what they took."""
    for number in range(days + 1):
        for one in homes if number % 2 else reversed(homes):
            found = one.take(FIRST + timedelta(days=number + 1))
            if number:
                one.days.append(found)
    for one in homes:
        print(f"history x {one.times}: {one.days[-1]['rows']} rows in the last day's partitions", flush=True)
    report(homes)


def report(homes: Sequence[Home]) -> None:
    """Print each part, then the two that are asked for, of both homes, with their ratio."""
    names = [f"history x {one.times}" for one in homes]
    print(f"{'':16}" + "".join(f"{name + ' s':>18}{'cpu':>8}" for name in names) + f"{'ratio':>9}{'of cpu':>9}")
    rows = {**{name: (name,) for name in PARTS}, "to publish": PUBLISHED, "to marts": PARTS}
    for name, parts in rows.items():
        seconds = [one.typical(parts, "seconds") for one in homes]
        cpu = [one.typical(parts, "cpu") for one in homes]
        figures = "".join(f"{a:18.2f}{b:8.2f}" for a, b in zip(seconds, cpu, strict=True))
        print(f"{name:16}{figures}{seconds[-1] / seconds[0]:9.2f}{cpu[-1] / cpu[0]:9.2f}", flush=True)


def whole_runs(homes: Sequence[Home], day: date) -> None:
    """`tandem run` for a day, in each home; whoever calls it comes a day after the others."""
    for one in homes:
        one.child.order("sources")
        sources = one.child.answer(LIMIT_SECONDS)["result"]
        environment = {**shop_environment(), **sources, "TANDEM_HOME": str(one.path)}
        words = ("tandem", "run", "ecommerce", "--from", day.isoformat(), "--to", day.isoformat())
        ended = call([str(PROJECT / "entrypoint.sh"), *words], environment, LIMIT_SECONDS)
        print(f"history x {one.times}: tandem run takes {ended.seconds:.1f} s, {ended.cpu:.1f} of cpu", flush=True)


# What follows runs in the children.


def pipeline(stack: ExitStack, data: Path, times: int) -> Work:
    """Serve a history so many times as long, build it, and return what takes a day."""
    sources = stack.enter_context(serving(data, times))
    take(FIRST, times)
    return lambda order: sources if order == "sources" else take(date.fromisoformat(order))


@contextmanager
def serving(data: Path, times: int) -> Iterator[Mapping[str, str]]:
    """The three sources; yields the settings that lead to them, which this process has taken on."""
    from tandem.standins import environment
    from tandem.standins.postgres import shop
    from tandem.standins.postgres.server import PostgresStandin
    from tandem.standins.stripe.server import StripeStandin

    content = shop.content(data / "postgres")
    content = replace(content, after=content.after + lengthened_tables(times))
    with PostgresStandin(content) as tables, StripeStandin(data / "stripe") as payments:
        sources = {
            "POSTGRES_HOST": tables.host,
            "POSTGRES_PORT": str(tables.port),
            "POSTGRES_DATABASE": tables.database,
            "POSTGRES_USER": tables.user,
            "POSTGRES_PASSWORD": tables.password,
            "STRIPE_BASE_URL": payments.base_url,
            "STRIPE_API_KEY": payments.api_key.get_secret_value(),
            "MARKETING_FILES": (data / "marketing").as_uri(),
        }
        with environment(sources):
            yield sources


def lengthened_tables(times: int) -> str:
    """Statements that repeat the rows that are there on the first day; the copies never change."""
    from tandem.standins.postgres.shop import names_of

    return "".join(
        f"insert into history.{name} ({names_of(name)})\n"
        f"select {shifted(names_of(name).split(', '), 'copy')}\n"
        f"from history.{name}, generate_series(1, {times - 1}) copy\n"
        f"where coalesce(visible_from <= '{FIRST}', true) and coalesce(visible_to > '{FIRST}', true);\n"
        for name in TABLES
    )


def take(day: date, times: int = 1) -> dict[str, Any]:
    """All that the DAG's tasks do for a day; returns what each part took, and how many rows it had."""
    from tandem import steps, warehouse
    from tandem.extract.ecommerce import capture
    from tandem.settings import settings

    clock, lake = Clock(), steps.open_lake(settings())
    rows = 0
    for feeds in TASKS:
        with clock("capture"):
            for feed in feeds:
                capture(settings(), lake, feed, [day], silent)
        with clock("refine"):
            counts = steps.refine(lake, SYSTEM, [day], feeds, progress=silent)
        rows += sum(count["out"] for count in counts.values())
        lengthen(lake, feeds, day, times)
        with clock("publish"):
            warehouse.catalog(settings(), SYSTEM, feeds)
            warehouse.validate(settings(), SYSTEM, [day], feeds)
    for layer in warehouse.LAYERS:
        with clock(layer):
            warehouse.build_layer(settings(), SYSTEM, layer, day, tests=False)
    with clock("tests"):
        warehouse.run_tests(settings(), SYSTEM, day)
    with clock("serve"):
        warehouse.serve(settings(), SYSTEM)
    return {"rows": rows, "seconds": clock.seconds, "cpu": clock.cpu}


def lengthen(lake: Any, feeds: Sequence[str], day: date, times: int) -> None:
    """Commit the processed partitions of payments again with every row so many times."""
    from tandem.lake.processed import read_commit, write_commit
    from tandem.schemas import entity
    from tandem.steps import manifests_of

    for feed in set(feeds).intersection(PAYMENTS if times > 1 else ()):
        [manifest] = manifests_of(lake, entity(SYSTEM, feed), [day])
        frame = read_commit(lake, manifest)
        frames = [frame, *(copied(frame, copy) for copy in range(1, times))]
        added = (times - 1) * frame.height
        counts = {**manifest.counts, "in": manifest.counts["in"] + added, "out": manifest.counts["out"] + added}
        write_commit(
            lake,
            manifest.partition,
            entity(SYSTEM, feed),
            frames,
            inputs=manifest.inputs,
            counts=counts,
            reasons=manifest.reasons,
        )


def copied(frame: Any, copy: int) -> Any:
    """The same rows with keys of their own."""
    import polars as pl

    texts = [pl.col(name) + f"x{copy}" for name in ("charge_id", "refund_id") if name in frame.columns]
    numbers = [pl.col(name) + copy * STEP for name in ("order_id",) if name in frame.columns]
    return frame.with_columns(*texts, *numbers)


class Clock:
    """Seconds of the clock and of the processor, by part."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.cpu: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Add the time of this block to a part."""
        start, cpu = time.perf_counter(), processor()
        yield
        self.seconds[part] += time.perf_counter() - start
        self.cpu[part] += processor() - cpu


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


if __name__ == "__main__":
    main()
