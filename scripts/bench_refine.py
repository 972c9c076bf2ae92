#!/usr/bin/env python3
"""Raw JSON to Parquet: refine_partition beside DuckDB and pandas doing the same flattening, without its checks.

    scripts/bench_refine.py [--rows 1000000] [--rounds 5] [--peer-python .venv-bench/bin/python]

Makes a day of measurements in OpenAQ's shape (1000 in a file, compact JSON) in a temporary lake. Each contender reads
the same files and runs in a process of its own; the fastest round counts, imports do not; whoever needs more than 10
seconds is run once. Memory is the peak resident set of the process. A process that does not end in five minutes is
killed, and the benchmark fails.
DuckDB runs as it comes and once more told that each payload is a single line, which OpenAQ does not promise.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from bench_airflow import call, end_cleanly

PROJECT = Path(__file__).resolve().parents[1]
DAY = date(2025, 11, 20)
PEER = str(PROJECT / ".venv-bench/bin/python")
LIMIT_SECONDS = 300.0
SLOW_SECONDS = 10.0
ROWS_PER_FILE = 1000
PERIOD = timedelta(seconds=80)
OFFSET = timedelta(hours=7)
SERIES = (("pm25", "µg/m³", 1.0), ("pm10", "µg/m³", 2.0), ("o3", "ppm", 0.001), ("no2", "ppb", 0.5))
MEASUREMENTS = "raw/openaq/measurements/year=2025/month=11/day=20"
Contender = Callable[[Path, Path], Callable[[], object]]
CONTENDERS = ("tandem", "duckdb", "duckdb, one line", "pandas")

DUCKDB = """
copy (
    with payloads as (
        select filename, unnest(results) as r
        from read_json('{files}', filename = true{hint}, columns = {{results: 'struct(
            "value" double, flagInfo struct(hasFlags boolean), parameter struct("name" varchar, units varchar),
            period struct("label" varchar, datetimeFrom struct(utc varchar, "local" varchar),
                          datetimeTo struct(utc varchar, "local" varchar)),
            coordinates struct(latitude double, longitude double),
            coverage struct(expectedCount bigint, observedCount bigint))[]'}})
    ),
    typed as (
        select
            regexp_extract(filename, 'sensor-(\\d+)-page', 1)::bigint as sensor_id,
            r.parameter.name as parameter,
            r.parameter.units as unit,
            r.value as value,
            left(r.period.datetimeFrom.utc, 19)::timestamp as period_start_utc,
            left(r.period.datetimeTo.utc, 19)::timestamp as period_end_utc,
            left(r.period.datetimeFrom.local, 19)::timestamp as period_start_local,
            left(r.period.datetimeTo.local, 19)::timestamp as period_end_local,
            r.period.label as period_label,
            r.flagInfo.hasFlags as has_flags,
            r.coverage.expectedCount as expected_count,
            r.coverage.observedCount as observed_count,
            r.coordinates.latitude as latitude,
            r.coordinates.longitude as longitude
        from payloads
    )
    select
        *,
        date_diff('second', period_start_utc, period_end_utc) as period_seconds,
        (period_end_utc - interval 1 microsecond)::date as partition_date
    from typed
) to '{out}' (format parquet, compression snappy)
"""


def payload(index: int, rows: int) -> bytes:
    """One page of one sensor, as v3 serves it."""
    random = Random(index)
    parameter, unit, scale = SERIES[index % len(SERIES)]
    results = [measurement(parameter, unit, round(random.uniform(1, 90) * scale, 4), row) for row in range(rows)]
    meta = {"name": "openaq-api", "website": "/", "page": 1, "limit": 1000, "found": f">{rows}"}
    return json.dumps({"meta": meta, "results": results}, ensure_ascii=False, separators=(",", ":")).encode()


def measurement(parameter: str, unit: str, value: float, row: int) -> dict[str, object]:
    """One element of a page."""
    start = datetime(DAY.year, DAY.month, DAY.day) + row * PERIOD
    bounds = {"datetimeFrom": moment(start), "datetimeTo": moment(start + PERIOD)}
    return {
        "value": value,
        "flagInfo": {"hasFlags": False},
        "parameter": {"id": 2, "name": parameter, "units": unit, "displayName": None},
        "period": {"label": "raw", "interval": str(PERIOD), **bounds},
        "coordinates": None,
        "summary": None,
        "coverage": {
            "expectedCount": 1,
            "expectedInterval": str(PERIOD),
            "observedCount": 1,
            "observedInterval": str(PERIOD),
            "percentComplete": 100.0,
            "percentCoverage": 100.0,
            **bounds,
        },
    }


def moment(time_: datetime) -> dict[str, str]:
    """A point in time in UTC and on a wall clock in Hanoi."""
    return {"utc": f"{time_.isoformat()}Z", "local": f"{(time_ + OFFSET).isoformat()}+07:00"}


def make_lake(lake: Path, rows: int) -> None:
    """Capture a day of `rows` measurements."""
    from tandem.lake.partition import Partition
    from tandem.lake.raw import Capture
    from tandem.lake.store import open_store

    capture = Capture(open_store(lake.as_uri()), Partition("openaq", "measurements", DAY))
    for index, first in enumerate(range(0, rows, ROWS_PER_FILE)):
        page = payload(index, min(ROWS_PER_FILE, rows - first))
        capture.add(f"sensor-{index}-page-0001", page, {"sensor_id": index, "page": 1})
    capture.commit()


def run_tandem(lake: Path, _out: Path) -> Callable[[], object]:
    """What a pipeline run does, checks and de-duplication included."""
    from tandem.lake.store import open_store
    from tandem.refine import refine_partition
    from tandem.refine.openaq import refine_measurements  # noqa: F401 (so that importing it is not measured)
    from tandem.schemas.openaq import MEASUREMENTS as ENTITY

    store = open_store(lake.as_uri())
    return lambda: refine_partition(store, ENTITY, DAY, force=True)


def run_duckdb(lake: Path, out: Path, hint: str = "") -> Callable[[], object]:
    """One statement, with as many threads as DuckDB finds fit."""
    import duckdb

    query = DUCKDB.format(files=lake / MEASUREMENTS / "sensor-*.json", out=out, hint=hint)
    return lambda: duckdb.connect().execute(query)


def run_duckdb_lines(lake: Path, out: Path) -> Callable[[], object]:
    """The same, told that a payload is one line."""
    return run_duckdb(lake, out, ", format = 'newline_delimited'")


def run_pandas(lake: Path, out: Path) -> Callable[[], object]:
    """json_normalize file by file, then one frame."""
    import pandas as pd
    import pyarrow  # noqa: F401 (so that importing it is not measured)

    names = {
        "parameter.name": "parameter",
        "parameter.units": "unit",
        "value": "value",
        "period.datetimeFrom.utc": "period_start_utc",
        "period.datetimeTo.utc": "period_end_utc",
        "period.datetimeFrom.local": "period_start_local",
        "period.datetimeTo.local": "period_end_local",
        "period.label": "period_label",
        "flagInfo.hasFlags": "has_flags",
        "coverage.expectedCount": "expected_count",
        "coverage.observedCount": "observed_count",
    }

    def flat(file: Path) -> pd.DataFrame:
        frame = pd.json_normalize(json.loads(file.read_bytes())["results"])[list(names)].rename(columns=names)
        frame.insert(0, "sensor_id", int(file.name.split("-")[1]))
        for column in ("period_start_utc", "period_end_utc", "period_start_local", "period_end_local"):
            frame[column] = pd.to_datetime(frame[column].str[:19], format="%Y-%m-%dT%H:%M:%S")
        return frame

    def work() -> None:
        frame = pd.concat([flat(file) for file in sorted((lake / MEASUREMENTS).glob("sensor-*.json"))])
        frame["period_seconds"] = (
            (frame["period_end_utc"] - frame["period_start_utc"]).dt.total_seconds().astype("int64")
        )
        frame["latitude"] = frame["longitude"] = None
        frame["partition_date"] = (frame["period_end_utc"] - pd.Timedelta(microseconds=1)).dt.date
        frame.to_parquet(out, index=False, compression="snappy")

    return work


def child(contender: str, lake: Path, out: Path) -> None:
    """Do the work once and print what it took, as JSON."""
    runs: dict[str, Contender] = dict(
        zip(CONTENDERS, (run_tandem, run_duckdb, run_duckdb_lines, run_pandas), strict=True)
    )
    work = runs[contender](lake, out)
    start, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak_memory()}))


def peak_memory() -> int:
    """Peak resident set of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what the kernel tells a child otherwise begins with the size of its parent
        found = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(found.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(contender: str, python: str, lake: Path, out: Path) -> dict[str, float]:
    """Run one contender in a process of its own."""
    command = [python, __file__, "--child", contender, "--lake", str(lake), "--out", str(out)]
    return dict(json.loads(call(command, limit=LIMIT_SECONDS).said.splitlines()[-1]))


def check_results(lake: Path, folder: Path, rows: int) -> None:
    """Exit unless every contender wrote the same rows."""
    import duckdb

    files = {name: folder / f"{name}.parquet" for name in CONTENDERS[1:]}
    files["tandem"] = lake / MEASUREMENTS.replace("raw", "processed", 1) / "commit=*" / "*.parquet"
    summary = "count(*), round(sum(value), 3), min(period_start_local), max(period_end_utc), max(sensor_id)"
    found = {name: duckdb.sql(f"select {summary} from '{file}'").fetchone() for name, file in files.items()}
    if len(set(found.values())) > 1 or found["tandem"][0] != rows:  # type: ignore[index]
        sys.exit(f"The contenders do not agree: {found}")


def check_peer(python: str) -> None:
    """Exit with what to do unless the peers' interpreter has pandas."""
    try:
        subprocess.run([python, "-c", "import pandas, pyarrow"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"{python} cannot import pandas and pyarrow. `make bench` makes the environment of the peers.")


def report(results: dict[str, dict[str, float]], rows: int) -> None:
    """Print the table."""
    ours = results["tandem"]["seconds"]
    print(f"{rows:,} measurements, raw JSON to Parquet")
    print(f"{'':18}{'seconds':>9}{'x tandem':>10}{'cpu':>8}{'peak RSS':>12}")
    for name, result in results.items():
        ratio, peak = result["seconds"] / ours, result["peak"] / 2**20
        print(f"{name:18}{result['seconds']:9.2f}{ratio:10.2f}{result['cpu']:8.1f}{peak:9.0f} MB", flush=True)


def main(words: Sequence[str] | None = None) -> None:
    """Make the data, run everybody, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="measurements in the day")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run; the fastest counts")
    parser.add_argument("--peer-python", default=PEER, help="interpreter with pandas")
    parser.add_argument("--child", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    sys.path.insert(0, str(PROJECT / "orchestration"))
    if args.child:
        child(args.child, args.lake, args.out)
    else:
        end_cleanly()
        bench(args.rows, args.rounds, args.peer_python)


def bench(rows: int, rounds: int, peer_python: str) -> None:
    """Run the contenders in turn, so that a disturbance of the machine hits all of them."""
    check_peer(peer_python)
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        lake = Path(folder, "lake")
        make_lake(lake, rows)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(rounds):
            for name in CONTENDERS:
                if runs[name] and runs[name][0]["seconds"] > SLOW_SECONDS:
                    continue
                python = peer_python if name == "pandas" else sys.executable
                runs[name].append(measure(name, python, lake, Path(folder, f"{name}.parquet")))
        check_results(lake, Path(folder), rows)
    report({name: min(tries, key=lambda result: result["seconds"]) for name, tries in runs.items()}, rows)


if __name__ == "__main__":
    main()
