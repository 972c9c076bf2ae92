"""Kill -9 a run at random moments, run it again, and compare its marts with those of an undisturbed run.

    python scripts/kill_runs.py [--pipeline openaq] [--times 20] [--from DAY] [--to DAY] [--seed N]

Exit status 0: after every kill the next run gave the same marts and nothing was left running.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
Rows = dict[str, list[object]]


def main() -> int:
    arguments = parse_arguments()
    dice = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="tandem-kill-") as folder:
        calm = Path(folder) / "calm"
        seconds = complete_run(calm, arguments)
        expected = marts(calm, arguments.pipeline)
        print(f"undisturbed run: {seconds:.1f} s, {sum(len(rows) for rows in expected.values())} rows in marts")
        for number in range(arguments.times):
            moment = dice.uniform(0.2, seconds)
            home = Path(folder) / f"killed-{number}"
            if wrong := after_kill(home, arguments, moment, expected):
                print(f"kill {number} after {moment:.1f} s: marts differ in {wrong}")
                return 1
            print(f"kill {number:2} after {moment:5.1f} s: equal")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", default="openaq")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--from", dest="first", default="2025-11-01")
    parser.add_argument("--to", dest="last", default="2025-11-03")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def after_kill(home: Path, arguments: argparse.Namespace, moment: float, expected: Rows) -> str:
    """Kill a run after so many seconds and run again; returns which marts differ then, in words."""
    kill_run(home, arguments, moment)
    complete_run(home, arguments)
    return differing(expected, marts(home, arguments.pipeline))


def start_run(home: Path, arguments: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [
        "./entrypoint.sh",
        "tandem",
        "run",
        arguments.pipeline,
        "--from",
        arguments.first,
        "--to",
        arguments.last,
    ]
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "TANDEM_HOME": str(home), "TANDEM_ENV": "dev"}


def complete_run(home: Path, arguments: argparse.Namespace) -> float:
    started = time.monotonic()
    run = start_run(home, arguments)
    _, errors = run.communicate()
    if run.returncode != 0:
        sys.exit(f"run in {home} ended with {run.returncode}: {errors.decode()[-2000:]}")
    return time.monotonic() - started


def kill_run(home: Path, arguments: argparse.Namespace, after: float) -> None:
    run = start_run(home, arguments)
    try:
        run.wait(timeout=after)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.communicate()
    wait_until_gone(home)


def wait_until_gone(home: Path, patience: float = 10.0, but: Sequence[str] = ()) -> None:
    """Return when no process of this home is left but those that may stay; exit with the command lines of others."""
    deadline = time.monotonic() + patience
    while left := [line for line in processes_of(home) if line not in but]:
        if time.monotonic() > deadline:
            sys.exit(f"left running after kill -9: {left}")
        time.sleep(0.05)


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes whose environment names this home (Linux: read from /proc)."""
    mark = f"TANDEM_HOME={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if line]


def marts(home: Path, system: str) -> Rows:
    """All rows of all marts of a system."""
    tables = query(home, f"select table_name from information_schema.tables where table_schema = '{system}_marts'")
    names = sorted(row["table_name"] for row in tables)
    rows = " union all ".join(
        f"select '{name}' as mart, to_json(t) as row from {system}_marts.{name} t" for name in names
    )
    found: Rows = {name: [] for name in names}
    for line in query(home, f"select * from ({rows}) order by all"):
        found[line["mart"]].append(line["row"])
    return found


def query(home: Path, sql: str) -> list[dict[str, Any]]:
    command = ["./entrypoint.sh", "tandem", "query", sql, "--format", "json"]
    answer = subprocess.run(command, cwd=PROJECT, env=environment(home), capture_output=True, check=True)
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def differing(expected: Rows, actual: Rows) -> str:
    return ", ".join(
        f"{mart} ({len(expected.get(mart, ()))} and {len(actual.get(mart, ()))} rows)"
        for mart in sorted({*expected, *actual})
        if expected.get(mart) != actual.get(mart)
    )


if __name__ == "__main__":
    sys.exit(main())
