"""Processes of the benchmarks that get ready, wait for an order and say what it took, so that imports are not measured.

An order and its answer are one line of JSON each. What the work itself writes to standard output goes to the log.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bench_airflow import dying_with_parent, kill_session, tail
from bench_refine import peak_memory

Work = Callable[[Any], Any]


class Child:
    """A process that dies with this one, takes orders, and is ended with the block it is made in."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (kept as long as the process)
        self._name = " ".join(command)
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=tempfile.gettempdir(),
            start_new_session=True,
            preexec_fn=dying_with_parent(),
        )

    def order(self, what: object) -> None:
        """Tell it what to do; `answer` waits for the end of it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then it has ended, and `answer` says why
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, limit: float) -> dict[str, Any]:
        """What it says next; exits with its log when it ended or takes more than `limit` seconds."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], limit)
        text = self._process.stdout.readline() if ready else b""
        if not text:
            why = "ended" if ready else f"did not answer within {limit:g} s and was killed"
            if ready:
                self._process.wait(limit)  # it closes its output before it says why
            self.end()
            sys.exit(f"{self._name} {why}:\n{tail(self._log)}")
        return dict(json.loads(text))

    def end(self) -> None:
        """Kill it and all that it started."""
        kill_session(self._process.pid)
        self._process.wait()


@contextlib.contextmanager
def children(commands: Sequence[Sequence[str]], environment: Mapping[str, str], limit: float) -> Iterator[list[Child]]:
    """A child for each command, all of them ready."""
    started: list[Child] = []
    try:
        started.extend(Child(command, environment) for command in commands)
        for child in started:
            child.answer(limit)
        yield started
    finally:
        for child in started:
            child.end()


def obey(prepare: Callable[[], Work]) -> None:
    """For the child: prepare, then do what is ordered until nobody orders any more.

    An answer is `result` (what the work returned), `seconds`, `cpu` (with that of finished processes that it started)
    and `peak`, the process's peak resident set so far in bytes.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        work = prepare()
        print("{}", file=answers, flush=True)
        for line in sys.stdin:
            start, cpu = time.perf_counter(), processor()
            result = work(json.loads(line))
            facts = {"seconds": time.perf_counter() - start, "cpu": processor() - cpu, "peak": peak_memory()}
            print(json.dumps({"result": result, **facts}), file=answers, flush=True)


def processor() -> float:
    """Seconds of the processor that this process and those that it waited for have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
