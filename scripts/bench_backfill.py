#!/usr/bin/env python3
"""What a day of a back-fill costs when the window is long: `tandem run openaq --from --to` for 1, 30 and 365 days.

    scripts/bench_backfill.py [--days 30 365]

A year of OpenAQ data is generated as the sample data of a copy of this project in a temporary folder; the stand-in
serves it. Each window ends on the last day of the year and is the first run of a home of its own, so that making
Airflow's database and parsing the dbt project are in it. Each is run once.

A day costs the whole run divided by its days. What every run costs whatever its length makes a day of a short window
dear, so a day is also given without it: the run of one day is taken off, and one day with it.

Seconds are of the clock; cpu is what the processor spent, which other work on the machine changes less. Memory is the
peak resident set of the largest process of the run, as the kernel counted it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from bench_airflow import PROJECT, Ended, call, copy_project, end_cleanly, ours

LIMIT_SECONDS = 900.0


def main(words: Sequence[str] | None = None) -> None:
    """Make the data, run every window, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, nargs=2, default=[30, 365], metavar=("SHORT", "LONG"), help="the windows")
    arguments = parser.parse_args(words)
    short, long = arguments.days
    if not 1 < short < long:
        parser.error("--days takes two numbers of days above 1, the shorter first")
    end_cleanly()
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        folder = Path(name)
        project, last = folder / "project", prepare(folder / "project", long)
        print(f"tandem run openaq: {measurements(project):,} measurements in {long} days", flush=True)
        print(
            f"{'':10}{'seconds':>9}{'a day':>8}{'beyond the first':>18}{'cpu':>8}{'a day':>8}{'peak RSS':>12}",
            flush=True,
        )
        runs: dict[int, Ended] = {}
        for days in (1, short, long):
            runs[days] = back_fill(project, folder / f"home-{days}", last, days)
            print(line(days, runs), flush=True)
    ratio, slope, cpu = (cost(runs, long) / cost(runs, short) for cost in (per_day, per_day_beyond, cpu_per_day))
    print(f"a day of {long} costs {ratio:.2f} x a day of {short}, {cpu:.2f} x its cpu;", end=" ")
    print(f"{slope:.2f} x without what every run costs", flush=True)


def prepare(project: Path, days: int) -> date:
    """Copy the project with sample data of so many days; returns the last of them."""
    copy_project(project)
    data = project / "sample_data" / "openaq"
    generate = str(PROJECT / "scripts" / "generate_openaq.py")
    call([sys.executable, generate, "--days", str(days), "--out", str(data)])
    return date.fromisoformat(json.loads((data / "window.json").read_bytes())["to"])


def measurements(project: Path) -> int:
    """How many the source has."""
    lines = (project / "sample_data/openaq/measurements.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(len(json.loads(line)["rows"]) for line in lines)


def back_fill(project: Path, home: Path, last: date, days: int) -> Ended:
    """Run the last so many days, into a new home."""
    first = last - timedelta(days=days - 1)
    words = ("tandem", "run", "openaq", "--from", first.isoformat(), "--to", last.isoformat())
    return ours(project, home, *words, limit=LIMIT_SECONDS)


def per_day(runs: dict[int, Ended], days: int) -> float:
    """Seconds of a whole run for each of its days."""
    return runs[days].seconds / days


def per_day_beyond(runs: dict[int, Ended], days: int) -> float:
    """Seconds of each day beyond the first."""
    return (runs[days].seconds - runs[1].seconds) / (days - 1)


def cpu_per_day(runs: dict[int, Ended], days: int) -> float:
    """Seconds of the processor for each of a run's days."""
    return runs[days].cpu / days


def line(days: int, runs: dict[int, Ended]) -> str:
    """A row of the table."""
    run = runs[days]
    beyond = f"{per_day_beyond(runs, days):18.3f}" if days > 1 else f"{'':18}"
    times = f"{run.seconds:9.1f}{per_day(runs, days):8.3f}{beyond}{run.cpu:8.1f}{cpu_per_day(runs, days):8.3f}"
    return f"{days:5} days{times}{run.peak / 2**20:9.0f} MB"


if __name__ == "__main__":
    main()
