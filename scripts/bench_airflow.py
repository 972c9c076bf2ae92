#!/usr/bin/env python3
"""Airflow's share of a run: beside dbt alone, and beside astronomer-cosmos on the same models.

    ./entrypoint.sh scripts/bench_airflow.py [--models 0 100] [--rounds 2] [--modes task watcher local]

Whole is a process from its start to its end. dbt is the time spent inside dbt in that process: importing it, and every
`dbtRunner.invoke` less the event callbacks that it is given, measured alike for all. Airflow's share is the difference.
Seconds are of the clock; cpu is what the processor spent on the share, which other work on the machine changes less.

tandem      an exact copy of this project in a temporary folder, generated models added to its dbt project until there
            are N, run by `tandem run openaq`; its DAG is cut down to the three dbt tasks, which is what cosmos does
pipeline    the same copy with its DAG as it is, at the project's own size: its share holds extraction, refining,
            validation and the report too
dbt alone   `dbt build`
airflow     three tasks that do nothing, run by `dag.test()`: what nobody who uses it can go below
cosmos      in-process dbt, manifest given, no datasets, no telemetry, run by `dag.test()` as tandem is:
  task      one DbtBuildLocalOperator for all models, no task of a model's own
  watcher   ExecutionMode.WATCHER: one dbt for all models, and a sensor per model and per model's tests
  local     ExecutionMode.LOCAL: one dbt per model, its tests with it

WATCHER as it comes never ends under `dag.test()`: its sensors do not depend on the producer (a model that reads a
source is left without upstream task, any other root gets the trigger rule `always`), `dag.test()` runs what is ready in
no fixed order and waits in line for a sensor that deferred, so the producer never starts. Here the producer is made
upstream of all roots, and the rule is `all_success`; in one process nothing could have run beside it anyway.

Everybody starts from a copy of the same warehouse, in which the sources are published and nothing is built. Unit tests
are left out everywhere, as a run leaves them out. The fastest round counts, so dbt's parse cache is warm; whoever needs
more than 25 seconds is run once. A process that does not end in ten minutes is killed, and the benchmark fails.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn

PROJECT = Path(__file__).resolve().parents[1]
PEER = PROJECT / ".venv-bench" / "bin"
DAYS = ("--from", "2025-11-01", "--to", "2025-11-07")
COPIED = ("orchestration", "dbt", "sample_data")
STATE = "dev-duckdb"
BUILD_FILE = "warehouse.build.duckdb"
LIMIT_SECONDS = 600.0
SLOW_SECONDS = 25.0

DBT_DAG = """
from datetime import UTC, datetime

from airflow.sdk import dag
from tandem.dags.defaults import default_args
from tandem.dags.partitions import window_params
from tandem.dags.build import dbt_build


@dag(
    schedule=None,
    start_date=datetime(2025, 10, 1, tzinfo=UTC),
    default_args=default_args(),
    params=window_params("openaq"),
)
def openaq_pipeline():
    staging, intermediate, marts = (
        dbt_build.override(task_id=f"dbt_{layer}")("openaq", layer) for layer in ("staging", "intermediate", "marts")
    )
    staging >> intermediate >> marts


openaq_pipeline()
"""

COSMOS_DAG = """
# The word airflow makes Airflow read this file.
from datetime import UTC, datetime
from pathlib import Path

from airflow.sdk import DAG
from cosmos import DbtDag, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior, TestIndirectSelection
from cosmos.operators.local import DbtBuildLocalOperator

identity = dict(dag_id="cosmos_models", schedule=None, start_date=datetime(2025, 10, 1, tzinfo=UTC))
profile = ProfileConfig(profile_name="tandem", target_name="duckdb", profiles_yml_filepath="{project}/profiles.yml")


def models(mode, tests, **operator_args):
    return DbtDag(
        **identity,
        project_config=ProjectConfig(
            dbt_project_path="{project}", manifest_path="{manifest}", project_name="tandem", install_dbt_deps=False
        ),
        profile_config=profile,
        render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, emit_datasets=False, test_behavior=tests),
        execution_config=ExecutionConfig(
            execution_mode=mode,
            invocation_mode=InvocationMode.DBT_RUNNER,
            test_indirect_selection=TestIndirectSelection.BUILDABLE,
        ),
        operator_args=operator_args,
    )
"""
DAGS = {
    "task": COSMOS_DAG
    + """
with DAG(**identity) as cosmos_models:
    DbtBuildLocalOperator(
        task_id="build", project_dir="{project}", profile_config=profile, cache_dir=Path("{cache}"),
        invocation_mode=InvocationMode.DBT_RUNNER, install_deps=False, emit_datasets=False,
    )
""",
    "watcher": COSMOS_DAG
    + """
cosmos_models = models(ExecutionMode.WATCHER, TestBehavior.AFTER_EACH, trigger_rule="all_success")
producer = cosmos_models.task_dict["dbt_producer_watcher"]
for task in cosmos_models.tasks:
    if task is not producer and not task.upstream_task_ids:
        producer >> task
""",
    "local": COSMOS_DAG
    + """
cosmos_models = models(ExecutionMode.LOCAL, TestBehavior.BUILD)
""",
    "empty": """
from airflow.sdk import dag, task


@dag(schedule=None)
def empty():
    @task
    def nothing():
        pass

    nothing.override(task_id="first")() >> nothing.override(task_id="second")() >> nothing.override(task_id="third")()


empty()
""",
}
MODES = ("task", "watcher", "local")


@dataclass(frozen=True)
class Ended:
    """A process that ended well: its seconds, those of the processor, its peak memory in bytes, its standard output."""

    seconds: float
    cpu: float
    peak: int
    said: str


@dataclass(frozen=True)
class Run:
    """What one run took by the clock and of the processor, and what dbt took and did in it."""

    whole: float
    whole_cpu: float
    dbt: float
    dbt_cpu: float
    models: int
    tests: int

    @property
    def share(self) -> float:
        """Seconds outside dbt."""
        return self.whole - self.dbt

    @property
    def share_cpu(self) -> float:
        """Seconds of the processor outside dbt."""
        return self.whole_cpu - self.dbt_cpu


def main(words: Sequence[str] | None = None) -> None:
    """Run everybody at each size and print a table for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, nargs="*", default=[0, 100], help="sizes; 0 is the project's own")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is run; the fastest counts")
    parser.add_argument("--modes", nargs="*", choices=MODES, default=MODES, help="ways in which cosmos is run")
    parser.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.child:
        run_child(arguments.child, arguments.result)
        return
    end_cleanly()
    if not (PEER / "airflow").exists():
        sys.exit(f"{PEER.parent} is not there. `make bench` makes the environment of the peers.")
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        start = Start(Path(folder, "start"))
        for size in arguments.models:
            bench = Bench(Path(folder, f"models-{size}"), size, start)
            report(bench.size, bench.measure(arguments.modes, arguments.rounds))


class Start:
    """What everybody starts from, made once: a lake with some days, a warehouse, and Airflow's databases."""

    def __init__(self, folder: Path) -> None:
        self.project, self.home = folder / "project", folder / "home"
        copy_project(self.project)
        self.unbuilt = folder / "unbuilt.duckdb"
        self.cosmos = folder / "cosmos"
        ours(self.project, self.home, "tandem", "run", "openaq", *DAYS)
        # A warehouse with its sources published and nothing built.
        (self.home / STATE / BUILD_FILE).unlink()
        publish = "from tandem import settings, warehouse; warehouse.catalog(settings.settings(), 'openaq')"
        ours(self.project, self.home, "python", "-c", publish)
        (self.home / STATE / BUILD_FILE).rename(self.unbuilt)
        call([str(PEER / "airflow"), "db", "migrate"], cosmos_environment(self.cosmos, self.unbuilt))


class Bench:
    """All contenders on one number of models, in a folder of their own."""

    def __init__(self, folder: Path, size: int, start: Start) -> None:
        self.folder, self.start = folder, start
        for name in ("pipeline", "tandem"):
            copy_project(folder / name, start.project)
            self.size, self.generated = add_models(folder / name / "dbt", size)
        (folder / "tandem/orchestration/dags/openaq_pipeline.py").write_text(DBT_DAG, encoding="utf-8")

    def measure(self, modes: Sequence[str], rounds: int) -> dict[str, Run]:
        """Run everybody in turn, so that a disturbance of the machine hits all of them; the best run of each."""
        best: dict[str, Run] = {}
        for _ in range(rounds):
            for name, contender in self.contenders(modes).items():
                known = best.get(name)
                if known is None or known.whole < SLOW_SECONDS:
                    run = contender()
                    best[name] = run if known is None else min(known, run, key=lambda run: run.whole)
        return best

    def contenders(self, modes: Sequence[str]) -> dict[str, Callable[[], Run]]:
        """Each contender's name and how it is run once; cosmos needs the manifest that dbt leaves."""
        return {
            "tandem": partial(self.tandem, "tandem"),
            **({} if self.generated else {"tandem, pipeline": partial(self.tandem, "pipeline")}),
            "dbt alone": self.dbt,
            "airflow alone": partial(self.peer, "empty"),
            **{f"cosmos, {mode}": partial(self.peer, mode) for mode in modes},
        }

    def tandem(self, name: str) -> Run:
        """Our DAG, by the command that a user calls."""
        home = self.folder / f"home-{name}"
        if not home.exists():
            shutil.copytree(self.start.home, home)
        (home / STATE / "warehouse.duckdb").unlink(missing_ok=True)
        shutil.copyfile(self.start.unbuilt, home / STATE / BUILD_FILE)
        result = self.folder / "result.json"
        script = ["python", str(Path(__file__).resolve()), "--child", "tandem", "--result", str(result)]
        return finished(lambda: ours(self.folder / name, home, *script), result)

    def dbt(self) -> Run:
        """dbt's own command."""
        home = self.folder / "home-dbt"
        (home / STATE).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.start.unbuilt, home / STATE / BUILD_FILE)
        ended = ours(self.folder / "pipeline", home, "dbt", "build", "--quiet")
        results = json.loads((home / STATE / "dbt/target/run_results.json").read_bytes())["results"]
        nodes = counted([(r["unique_id"].split(".")[0], r["status"]) for r in results])
        return Run(ended.seconds, ended.cpu, ended.seconds, ended.cpu, *nodes)

    def peer(self, mode: str) -> Run:
        """A DAG of the peers, from their own environment."""
        home = self.folder / f"peer-{mode}"
        warehouse, result = self.folder / "cosmos.duckdb", self.folder / "result.json"
        if not home.exists():
            self.write_dag(home, mode)
            shutil.copy(self.start.cosmos / "airflow.db", home)
        shutil.copyfile(self.start.unbuilt, warehouse)
        script = [str(PEER / "python"), __file__, "--child", "peer", "--result", str(result)]
        return finished(lambda: call(script, cosmos_environment(home, warehouse)), result)

    def write_dag(self, home: Path, mode: str) -> None:
        """The DAG file of a peer."""
        manifest = self.folder / "home-dbt" / STATE / "dbt/target/manifest.json"
        text = DAGS[mode].format(project=self.folder / "pipeline/dbt", manifest=manifest, cache=home / "cache")
        (home / "dags").mkdir(parents=True)
        (home / "dags/peer.py").write_text(text, encoding="utf-8")


def copy_project(copy: Path, project: Path = PROJECT) -> None:
    """What a run needs of a project, with the environment by a link."""
    for name in COPIED:
        shutil.copytree(project / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy2(project / "entrypoint.sh", copy)
    (copy / ".venv").symlink_to(PROJECT / ".venv")


def add_models(dbt: Path, size: int) -> tuple[int, bool]:
    """Add trivial models until there are `size`; returns how many there are, and whether some were added."""
    present = len(list((dbt / "models").rglob("*.sql")))
    folder = dbt / "models/intermediate/openaq/generated"
    folder.mkdir()
    for number in range(present, size):
        text = "select * from {{ ref('stg_openaq__locations') }}\n"
        (folder / f"int_openaq__generated_{number:03}.sql").write_text(text, encoding="utf-8")
    return max(present, size), present < size


def ours(copy: Path, home: Path, *words: str, limit: float = LIMIT_SECONDS) -> Ended:
    """Run a command in a copy of the project, with a home of its own."""
    environment = {**clean_environment(), "PYTHONPATH": str(copy / "orchestration"), "TANDEM_HOME": str(home)}
    return call([str(copy / "entrypoint.sh"), *words], environment, limit)


def clean_environment() -> dict[str, str]:
    """This process's environment without what the entrypoint and a user's .env put there."""
    prefixes = ("TANDEM_", "AIRFLOW", "DBT_", "OPENAQ_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**kept, "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def cosmos_environment(home: Path, warehouse: Path) -> dict[str, str]:
    """Airflow and cosmos with everything off that costs time and is not needed."""
    return {
        **clean_environment(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__COSMOS__CACHE_DIR": str(home / "cache"),
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__ENABLE_DAG_VERSIONING": "False",
        "DO_NOT_TRACK": "1",
        "TANDEM_DUCKDB_PATH": str(warehouse),
    }


def end_cleanly() -> None:
    """Let a signal that ends this process end its child and remove its temporary folders too."""

    def end(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def call(command: Sequence[str], environment: dict[str, str] | None = None, limit: float = LIMIT_SECONDS) -> Ended:
    """Run a command that dies with this process; exit with what it said when it fails or takes too long."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=tempfile.gettempdir(),
            start_new_session=True,
            preexec_fn=dying_with_parent(),
        )
        status, usage, late = waited(process, limit)
        seconds = time.perf_counter() - start
        if status:
            why = f"did not end within {limit:g} s and was killed" if late else f"ended with {status}"
            sys.exit(f"{' '.join(command)} {why}:\n{tail(out)}{tail(err)}")
        # Linux counts kilobytes, macOS bytes.
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Ended(seconds, usage.ru_utime + usage.ru_stime, peak, tail(out))


def waited(process: subprocess.Popen[bytes], limit: float) -> tuple[int, resource.struct_rusage, bool]:
    """Exit status of a process, what it used, and whether it was killed for taking too long."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        kill_session(process.pid)

    timer = threading.Timer(limit, kill)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        kill_session(process.pid)
        process.wait()
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage, late.is_set()


def kill_session(leader: int) -> None:
    """Kill a process that leads a session, and its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def dying_with_parent() -> Callable[[], object] | None:
    """For Linux: what a child calls so that the kernel kills it when its parent dies, however it dies."""
    if sys.platform != "linux":
        return None
    libc, set_death_signal = ctypes.CDLL(None), 1
    return lambda: libc.prctl(set_death_signal, signal.SIGKILL)


def tail(file: IO[str]) -> str:
    """The end of what a process wrote."""
    file.seek(0)
    return file.read()[-4000:]


def finished(work: Callable[[], Ended], result: Path) -> Run:
    """The run of a child that leaves what dbt did in `result`."""
    result.unlink(missing_ok=True)
    ended = work()
    return Run(ended.seconds, ended.cpu, **json.loads(result.read_bytes()))


def counted(nodes: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """Models and seeds built, and tests passed; exits when something failed."""
    failed = [node for node in nodes if node[1] in ("error", "fail", "skipped")]
    if failed:
        sys.exit(f"dbt failed: {failed}")
    tests = sum(kind in ("test", "unit_test") for kind, _ in nodes)
    return sum(kind in ("model", "seed") for kind, _ in nodes), tests


# What follows runs in the children.


class Clock:
    """Seconds in which at least one thread was inside, and those of the processor, by the counter given."""

    def __init__(self, counter: Callable[[], float]) -> None:
        self.seconds, self.cpu, self._counter = 0.0, 0.0, counter
        self._inside, self._since, self._lock = 0, 0.0, threading.Lock()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of this block."""
        before = self._counter()
        with self._lock:
            self._inside += 1
            self._since = time.perf_counter() if self._inside == 1 else self._since
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                self.seconds += 0 if self._inside else time.perf_counter() - self._since
                self.cpu += self._counter() - before

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted."""

        def timed(*arguments: Any, **options: Any) -> Any:
            with self.running():
                return function(*arguments, **options)

        return timed


@contextmanager
def watched_dbt() -> Iterator[dict[str, Any]]:
    """Measure all that happens inside dbt in this process."""
    inside, callbacks, nodes = Clock(time.process_time), Clock(time.thread_time), []
    with inside.running():
        from dbt.cli.main import dbtRunner

    original = dbtRunner.invoke

    def invoke(self: Any, *arguments: Any, **options: Any) -> Any:
        self.callbacks = [callbacks.around(callback) for callback in self.callbacks or ()]
        with inside.running():
            answer = original(self, *arguments, **options)
        for result in getattr(answer.result, "results", ()):
            nodes.append((str(result.node.resource_type), str(result.status)))
        return answer

    dbtRunner.invoke = invoke
    found: dict[str, Any] = {}
    yield found
    models, tests = counted(nodes)
    found.update(dbt=inside.seconds - callbacks.seconds, dbt_cpu=inside.cpu - callbacks.cpu, models=models, tests=tests)


def run_child(name: str, result: Path) -> None:
    """Run one contender in this process and write what dbt did."""
    with watched_dbt() as found:
        CHILDREN[name]()
    result.write_text(json.dumps(found), encoding="utf-8")


def run_tandem() -> None:
    """`tandem run`; raises SystemExit when the run failed."""
    from tandem.cli import main as tandem

    sys.argv = ["tandem", "run", "openaq", *DAYS]
    try:
        tandem()
    except SystemExit as end:
        if end.code:
            raise


def run_peer() -> None:
    """The one DAG of a peer, loaded and run the way our runner does; raises SystemExit when the run failed."""
    from datetime import UTC, datetime

    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(Path(os.environ["AIRFLOW_HOME"], "dags", "peer.py")))
    if bag.import_errors:
        sys.exit(str(bag.import_errors))
    (dag,) = bag.dags.values()
    run = dag.test(logical_date=datetime.now(UTC))
    if str(run.state) != "success":
        sys.exit(f"{dag.dag_id}: {run.state}")


CHILDREN: dict[str, Callable[[], None]] = {"tandem": run_tandem, "peer": run_peer}


def report(size: int, runs: dict[str, Run]) -> None:
    """Print the table of one size."""
    ours = runs["tandem"]
    print(f"Airflow's share of a run, {size} models")
    print(
        f"{'':17}{'whole s':>8}{'dbt s':>7}{'share s':>8}{'cpu':>6}{'nodes':>6}{'tests':>6}  x tandem: whole share  cpu"
    )
    for name, run in runs.items():
        times = f"{run.whole:8.1f}{run.dbt:7.1f}{run.share:8.1f}{run.share_cpu:6.1f}{run.models:6}{run.tests:6}"
        share = f"{run.share / ours.share:6.2f}{run.share_cpu / ours.share_cpu:5.2f}"
        print(f"{name:17}{times}{run.whole / ours.whole:17.2f}{share if run.share else ''}")
    peers = {name: run for name, run in runs.items() if name.startswith("cosmos")}
    print_fastest("with a task per model", {n: r for n, r in peers.items() if n != "cosmos, task"}, ours)
    print_fastest("of all", peers, ours)


def print_fastest(what: str, peers: dict[str, Run], ours: Run) -> None:
    """Print the ratio to the peer with the smallest share."""
    if peers:
        name, run = min(peers.items(), key=lambda item: item[1].share)
        ratio, cpu = run.share / ours.share, run.share_cpu / ours.share_cpu
        print(f"the fastest cosmos {what} ({name}): {ratio:.2f} x tandem's share, {cpu:.2f} x its cpu", flush=True)


if __name__ == "__main__":
    main()
