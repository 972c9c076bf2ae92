"""Runs a pipeline's DAG through Airflow itself, in this process: quiet, with progress, and a summary at the end."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

from tandem.airflow_local import fail_abandoned_runs, migrate_database
from tandem.days import batches, days_between
from tandem.errors import SettingsError, TandemError
from tandem.progress import Display
from tandem.runs import holding_lake
from tandem.settings import PROJECT, settings

DAG_FOLDER = PROJECT / "orchestration" / "dags"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: Airflow's ids and verdict, the days it took, seconds in all, and where its log is."""

    dag_id: str
    run_id: str
    succeeded: bool
    days: list[date]
    seconds: float
    log: Path


def run_pipeline(system: str, first: str | None, last: str | None) -> Outcome:
    """Run a system's DAG for the days `first` to `last` (ISO, inclusive; None: what the DAG takes by itself).

    The sources, and in a rehearsal the cloud, must be there already (see `standins_of`).
    Raises SettingsError for wrong input and LeaseHeld when another run is at work on the same lake.
    """
    dag_file = dag_file_of(system)
    window = window_of(system, first, last)
    state = settings().state
    log = state / "logs" / f"{dag_file.stem}-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
    prepare_folders(state)
    with ExitStack() as stack:
        stack.enter_context(holding_lake(f"tandem run {system} (pid {os.getpid()})"))
        terminal = stack.enter_context(quiet(log))
        stack.enter_context(explained(log))
        return run_dag(dag_file, window, log, terminal)


def window_of(system: str, first: str | None, last: str | None) -> dict[str, str]:
    """Parameters of the DAG run: the days asked for, else the window of the settings, else none."""
    if first is None and (window := settings().window(system)):
        first, last = (day.isoformat() for day in window)
    if first is None:
        return {}
    days = days_between(first, last or first)
    return {"from": days[0].isoformat(), "to": days[-1].isoformat()}


def dag_file_of(system: str) -> Path:
    """The DAG file of a system; raises SettingsError naming the systems there are."""
    files = sorted(DAG_FOLDER.glob(f"{system}_*.py"))
    if not files:
        known = sorted({file.stem.split("_")[0] for file in DAG_FOLDER.glob("*.py")})
        raise SettingsError(f"PIPELINE={system}: there is no such pipeline. Allowed: {', '.join(known)}.")
    return files[0]


def prepare_folders(state: Path) -> None:
    """Make the folders that a run writes to; a home that cannot be written is a SettingsError."""
    try:
        for name in ("logs", "runs", "airflow"):
            (state / name).mkdir(parents=True, exist_ok=True)
        probe = state / f".writable-{os.getpid()}"
        probe.write_bytes(b"tandem")
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"TANDEM_HOME={settings().tandem_home}: cannot write to {state}: {error.strerror}. "
            "Free some space or choose another folder: TANDEM_HOME=/some/where make dev"
        ) from None


@contextmanager
def quiet(log: Path) -> Iterator[TextIO]:
    """Send all output of this process to `log`; yields the terminal that it had before."""
    logging.disable(logging.NOTSET)
    sys.stdout.flush()
    sys.stderr.flush()
    kept_out, kept_err = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        with os.fdopen(os.dup(kept_out), "w", encoding="utf-8") as terminal:
            yield terminal
    finally:
        with suppress(OSError):  # a full disk must not keep the terminal from coming back
            sys.stdout.flush()
            sys.stderr.flush()
        for kept, number in ((kept_out, 1), (kept_err, 2)):
            os.dup2(kept, number)
            os.close(kept)
        # Airflow has set logging up for a server: what libraries note of their work is not for the terminal.
        logging.disable(logging.INFO)


@contextmanager
def explained(log: Path) -> Iterator[None]:
    """Turn what Airflow or the system raises into a TandemError of one line; its traceback goes to the log."""
    try:
        yield
    except TandemError:
        raise
    except Exception as error:
        with suppress(OSError):
            traceback.print_exc()
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise TandemError(
            f"The run stopped: {reason}. Nothing half-done is used: run again once {settings().state} can be written "
            f"and has free space, or see the log: {log}"
        ) from error


def run_dag(dag_file: Path, window: dict[str, str], log: Path, terminal: TextIO) -> Outcome:
    """Run the DAG's tasks one after another with Airflow's own `dag.test()`."""
    moment = datetime.now(UTC)
    with Display(terminal) as display:
        display.note(f"Starting Airflow for {dag_file.stem}; its log is {log}")
        from tandem.dags.partitions import days_of

        migrate_database(settings().state / "airflow")
        dag = load_dag(dag_file)
        # Nobody watches a deadline here, and Airflow 3.3's `dag.test()` cannot end the run of a DAG that has one.
        dag.deadline = None
        fail_abandoned_runs()
        days = days_of({"params": {**dag.params.dump(), **window}, "logical_date": moment})
        display.expect({task.task_id: len(batches(days)) for task in dag.tasks if task.is_mapped})
        run = dag.test(logical_date=moment, run_conf=dict(window))
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return Outcome(dag.dag_id, run.run_id, str(run.state) == "success", days, seconds, log)


def load_dag(dag_file: Path) -> Any:
    """The DAG of a file; raises TandemError with Airflow's message when it does not import."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(dag_file))
    if bag.import_errors:
        raise TandemError(f"{dag_file.name} does not import: {next(iter(bag.import_errors.values()))}")
    return bag.dags[dag_file.stem]
