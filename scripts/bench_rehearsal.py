#!/usr/bin/env python3
"""A year of OpenAQ on the local Athena, beside the same models on dbt-duckdb: `tandem rehearse` and `tandem run`.

    ./entrypoint.sh scripts/bench_rehearsal.py [--days 365]

A year is generated as the sample data of a copy of this project in a temporary folder. The rehearsal builds all days
but the last, then the last, and must end with equal marts; the peer takes the same two windows in dev. Each home is
new. dbt is the time of the tasks that run it. Needs the local Trino (`tandem standins fetch`).

Memory is the peak resident set: of the largest process of the command as the kernel counted it, and of each server.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench_airflow import Ended, call, clean_environment, end_cleanly
from bench_backfill import measurements, prepare

LIMIT_SECONDS = 2400.0
REHEARSAL = {"TANDEM_ENV": "rehearsal", "TANDEM_TARGET": "athena"}
LAYERS = ("dbt_staging", "dbt_intermediate", "dbt_marts")


def main(words: Sequence[str] | None = None) -> None:
    """Make the data, run both sides, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365, help="the window; at least 2")
    days = parser.parse_args(words).days
    end_cleanly()
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        project = Path(name) / "project"
        last = prepare(project, days)
        print(f"tandem rehearse openaq: {measurements(project):,} measurements in {days} days", flush=True)
        print(f"{'':16}{'whole':>9}{'dbt, all days':>15}{'dbt, one more':>15}{'peak RSS':>12}", flush=True)
        first = last - timedelta(days=days - 1)
        duckdb = Side(project, Path(name) / "duckdb", {})
        runs = [duckdb.tandem("run", "openaq", *window(*ends)) for ends in ((first, last - timedelta(1)), (last, last))]
        print(line("dev, duckdb", sum(run.seconds for run in runs), duckdb.dbt_seconds(), runs), flush=True)
        athena = Side(project, Path(name) / "athena", REHEARSAL)
        with athena.cloud() as servers:
            run = athena.tandem("rehearse", "openaq", *window(first, last))
            print(line("athena, parity", run.seconds, athena.dbt_seconds(), [run]), flush=True)
            print(*(f"{server}: peak {peak / 2**20:.0f} MB" for server, peak in servers.peaks().items()), sep="; ")
        print(run.said.splitlines()[-1])
        ratios = (ours / theirs for ours, theirs in zip(athena.dbt_seconds(), duckdb.dbt_seconds(), strict=True))
        print("dbt on the local Athena takes {:.1f} x dbt-duckdb for all days, {:.1f} x for one more".format(*ratios))


class Side:
    """One home, and the commands given there."""

    def __init__(self, project: Path, home: Path, switch: dict[str, str]) -> None:
        self.project, self.home = project, home
        self.environment = {
            **clean_environment(),
            **switch,
            "PYTHONPATH": str(project / "orchestration"),
            "TANDEM_HOME": str(home),
        }

    def tandem(self, *words: str) -> Ended:
        """A command that must succeed."""
        return call([str(self.project / "entrypoint.sh"), "tandem", *words], self.environment, LIMIT_SECONDS)

    def dbt_seconds(self) -> list[float]:
        """Seconds of the tasks that run dbt, for each run in turn."""
        return [sum(spent(journal)) for journal in sorted(self.home.glob("*/runs/*.jsonl"), key=began)]

    @contextmanager
    def cloud(self) -> Iterator[Servers]:
        """The servers of a rehearsal, kept for the block."""
        self.tandem("standins", "up")
        try:
            yield Servers(self.home)
        finally:
            self.tandem("standins", "down")


class Servers:
    """The processes that a home keeps."""

    def __init__(self, home: Path) -> None:
        import psutil  # here, so that --help needs no environment

        [note] = home.glob("*/standins/aws.json")
        self.cloud = psutil.Process(json.loads(note.read_bytes())["pid"])

    def peaks(self) -> dict[str, int]:
        """Peak resident set of each, in bytes (what it has now where the system keeps no peak)."""
        return {"S3, Glue and Athena": peak(self.cloud), "Trino": sum(map(peak, self.cloud.children()))}


def peak(process: Any) -> int:
    """Peak resident set of a psutil.Process."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return int(process.memory_info().rss)
    [kilobytes] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(kilobytes) * 1024


def window(first: date, last: date) -> tuple[str, ...]:
    return "--from", first.isoformat(), "--to", last.isoformat()


def spent(journal: Path) -> Iterator[float]:
    for text in journal.read_text(encoding="utf-8").splitlines():
        event = json.loads(text)
        if event["task"] in LAYERS and event["state"] == "success":
            yield event["seconds"]


def began(journal: Path) -> float:
    return float(json.loads(journal.read_text(encoding="utf-8").splitlines()[0])["at"])


def line(name: str, whole: float, dbt: Sequence[float], runs: Sequence[Ended]) -> str:
    """A row of the table."""
    largest = max(run.peak for run in runs) / 2**20
    return f"{name:16}{whole:9.1f}{dbt[0]:15.1f}{dbt[1]:15.1f}{largest:9.0f} MB"


if __name__ == "__main__":
    main()
