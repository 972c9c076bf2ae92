"""Runs dbt in this process for the chosen target, one command at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tandem.blame import Refusal, blame
from tandem.errors import DbtError, TandemError
from tandem.settings import Settings
from tandem.targets import Target, open_target
from tandem.targets.project import DBT_PROJECT

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

_TESTS = {"test", "unit_test"}
_NOTHING_DONE = "exposure"  # who reads the models: a build selects it with them, and does nothing
_BAD = {"error", "fail", "runtime error", "partial success"}
_SKIPPED = "skipped"


@dataclass(frozen=True)
class Node:
    """One node that dbt ran; `status` and `message` are dbt's own words."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str


@dataclass(frozen=True)
class DbtResult:
    """What one dbt command did: models (seeds and snapshots too), and tests (unit tests too)."""

    models: list[Node] = field(default_factory=list)
    tests: list[Node] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """Number of tests that passed."""
        return sum(test.status == "pass" for test in self.tests)

    @property
    def warned(self) -> list[Node]:
        """Tests that warned."""
        return [test for test in self.tests if test.status == "warn"]

    @property
    def facts(self) -> dict[str, Any]:
        """What the journal keeps: each model, and how many tests passed, warned and failed."""
        tests = (self.passed, len(self.warned), len(self.tests) - self.passed - len(self.warned))
        return {"models": [(node.name, node.status, node.seconds) for node in self.models], "tests": tests}


@dataclass(frozen=True)
class _Parsed:
    stamp: tuple[tuple[str, int, int], ...]
    manifest: Manifest


_parsed: dict[tuple[Path, Path], _Parsed] = {}


def run_dbt(
    settings: Settings,
    command: str,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    vars: Mapping[str, Any] | None = None,  # noqa: A002 (dbt's own word)
    full_refresh: bool = False,
    only_selected: bool = False,
    project: Path = DBT_PROJECT,
    target: Target | None = None,
) -> DbtResult:
    """Run a dbt command (`build`, `run`, `test`, `seed`, …) and return what it did.

    The project is parsed without `vars`, so that neither the day's variables nor a new process make dbt parse again:
    models may use them in their SQL, not in their configuration.
    With `only_selected`, no test runs because a model is selected that it is attached to.
    Raises DbtError naming each failed node, its message and its compiled file; WarehouseError when the warehouse
    stays in use. The log is `logs/dbt.log` in the state folder, artifacts are in `dbt/target`.
    """
    engine = target or open_target(settings)
    arguments = [*_common(settings, project), *_listed("--select", select), *_listed("--exclude", exclude)]
    arguments += ["--vars", json.dumps(dict(vars or {}))] if vars else []
    arguments += ["--full-refresh"] if full_refresh else []
    arguments += ["--indirect-selection", "empty"] if only_selected else []
    began = datetime.now(UTC)
    with engine.dbt_session(f"dbt {' '.join([command, *select])}") as variables, _environment(variables):
        manifest = _manifest(settings, project)
        answer = _invoke([command, *arguments], manifest)
    return _result(answer, settings, lambda: _refusals(engine, began), project)


def _common(settings: Settings, project: Path) -> list[str]:
    state = settings.state.absolute()
    places = {
        "--project-dir": project,
        "--profiles-dir": project,
        "--target": settings.target,
        "--target-path": state / "dbt" / "target",
        "--log-path": state / "logs",
        "--log-level": "none",
        "--log-level-file": "debug",
    }
    quiet = ["--no-print", "--no-use-colors", "--no-use-colors-file", "--no-send-anonymous-usage-stats"]
    return [*(str(part) for pair in places.items() for part in pair), *quiet]


def _listed(option: str, names: Sequence[str]) -> list[str]:
    return [option, *names] if names else []


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _manifest(settings: Settings, project: Path) -> Manifest:
    key, stamp = (project, settings.state), _stamp(project)
    known = _parsed.get(key)
    if known is None or known.stamp != stamp:
        parsed = _invoke(["parse", "--no-write-json", *_common(settings, project)], None)
        if not parsed.success:
            raise DbtError(f"dbt cannot read the project {project}: {parsed.exception}")
        known = _parsed[key] = _Parsed(stamp, parsed.result)
    # A run leaves compiled SQL in the manifest it is given; the next one must not find it.
    return known.manifest.deepcopy()


def _stamp(project: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path for path in project.rglob("*") if path.is_file())
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path in files for stat in [path.stat()])


def _invoke(arguments: list[str], manifest: Manifest | None) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner

    result = dbtRunner(manifest=manifest).invoke(arguments)
    if result.exception is not None and not isinstance(result.exception, Exception):
        # dbt swallows what ends a process: Ctrl-C, and a task's deadline.
        raise result.exception
    return result


def _result(
    answer: dbtRunnerResult, settings: Settings, refusals: Callable[[], Sequence[Refusal]], project: Path
) -> DbtResult:
    log = settings.state / "logs" / "dbt.log"
    if answer.exception is not None:
        raise DbtError(f"dbt did not run: {answer.exception}\nLog: {log}") from answer.exception
    results = list(getattr(answer.result, "results", ()))
    failed = [result for result in results if str(result.status) in _BAD]
    if failed or not answer.success:
        known = refusals()
        places = [_place(result, known, project) for result in failed]
        raise DbtError(_failure(failed, places, results, log), _facts_of_failure(results))
    return _done(results)


def _done(results: Sequence[Any]) -> DbtResult:
    nodes = [node for node in map(_node, results) if node.kind != _NOTHING_DONE]
    return DbtResult([n for n in nodes if n.kind not in _TESTS], [n for n in nodes if n.kind in _TESTS])


def _facts_of_failure(results: Sequence[Any]) -> dict[str, Any]:
    """What was done, and under `undone` how dbt selects each node that failed, or was skipped because of one."""
    undone = [result for result in results if str(result.status) in {*_BAD, _SKIPPED}]
    done = [result for result in results if str(result.status) != _SKIPPED]
    return {**_done(done).facts, "undone": ["fqn:" + ".".join(result.node.fqn) for result in undone]}


def _node(result: Any) -> Node:
    kind = str(getattr(result.node, "resource_type", "operation"))
    return Node(result.node.name, kind, str(result.status), result.execution_time, result.message or "")


def _refusals(engine: Target, since: datetime) -> Sequence[Refusal]:
    # They only help to find the line: what failed must be told also when they cannot be had.
    with suppress(TandemError):
        return engine.refusals(since)
    return ()


def _place(result: Any, refusals: Sequence[Refusal], project: Path) -> str:
    """Where the text of a failed node is, with the line when the engine remembers what it refused."""
    found = blame(result.node.to_dict(), result.message or "", refusals, project)
    return found.path if found.line is None else f"{found.path}:{found.line}"


def _failure(failed: Sequence[Any], places: Sequence[str], results: Sequence[Any], log: Path) -> str:
    skipped = sum(str(result.status) == _SKIPPED for result in results)
    lines = [f"dbt failed: {len(failed)} of {len(results)} nodes, {skipped} skipped because of them."]
    for result, place in zip(failed, places, strict=True):
        lines.append(f"{result.node.unique_id}: {(result.message or str(result.status)).strip()}")
        lines.append(f"  text: {place}")
        compiled = getattr(result.node, "compiled_path", None)
        lines += [f"  compiled: {compiled}"] if compiled else []
    return "\n".join([*lines, f"Log: {log}"])
