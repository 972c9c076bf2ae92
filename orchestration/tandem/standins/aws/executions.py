"""The life of a statement: QUEUED, RUNNING, then SUCCEEDED, FAILED or CANCELLED."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from tandem.errors import Refused, TrinoError
from tandem.standins.athena_sql.steps import Plan
from tandem.standins.aws import failures
from tandem.standins.aws.failures import Failure
from tandem.standins.aws.rpc import invalid

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
FINAL = (SUCCEEDED, FAILED, CANCELLED)
AT_ONCE = 8
REMEMBERED = 2000
WRITES = ("CREATE_TABLE_AS_SELECT", "INSERT", "UNLOAD", "MERGE", "UPDATE", "DELETE")
BY_USER = "Query cancelled by user"


@dataclass
class Execution:
    """One statement: what was asked, how far it is, and where its result lies."""

    query: str
    plan: Plan
    database: str
    work_group: str
    output_location: str
    token: str = ""
    result_configuration: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = QUEUED
    failure: Failure | None = None
    reason: str = ""
    submitted: float = field(default_factory=time.time)
    began: float = 0.0
    completed: float = 0.0
    engine_seconds: float = 0.0
    bytes_scanned: int = 0
    update_count: int = 0
    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: int = 0
    nulls_if_empty: bool = False
    manifest: str = ""
    trino_queries: list[str] = field(default_factory=list)
    stop_asked: bool = False

    @property
    def as_text(self) -> bool:
        """Whether the result is lines of text without a header."""
        return self.plan.kind in ("DDL", "UTILITY") or self.plan.substatement_type == "EXPLAIN"

    @property
    def location(self) -> str:
        """The result file; of a statement that writes rows elsewhere only the name that its manifest begins with."""
        ending = "" if self.plan.substatement_type in WRITES else ".txt" if self.as_text else ".csv"
        return f"{self.output_location.rstrip('/')}/{self.id}{ending}"


Work = Callable[[Execution], None]


class Executions:
    """Runs statements on a bounded number of threads and remembers them."""

    def __init__(self, work: Work, cancel: Callable[[str], None]) -> None:
        """`work` carries out one statement and fills in its result; `cancel` ends a query of Trino by its id."""
        self._work = work
        self._cancel = cancel
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, Execution] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="query")

    def by_token(self, token: str, query: str) -> Execution | None:
        """The statement that was started with this token; raises InvalidRequestException if it was another one."""
        with self._lock:
            known = self._tokens.get(token)
        if known and known.query != query:
            raise invalid("Idempotent parameters do not match")
        return known

    def start(self, execution: Execution) -> Execution:
        """Queue a statement; if its token came meanwhile, the statement that it came with is returned."""
        with self._lock:
            if execution.token in self._tokens:
                return self._tokens[execution.token]
            if execution.token:
                self._tokens[execution.token] = execution
            self._known[execution.id] = execution
            self._forget_oldest()
        self._pool.submit(self._run, execution)
        return execution

    def get(self, query_id: str) -> Execution:
        """Raises InvalidRequestException for an id that nobody gave."""
        with self._lock:
            found = self._known.get(query_id)
        if found is None:
            raise invalid(f"QueryExecution {query_id} was not found", "QUERY_EXECUTION_NOT_FOUND")
        return found

    def of_work_group(self, work_group: str) -> list[Execution]:
        """The statements of a work group, newest first."""
        with self._lock:
            return [found for found in reversed(self._known.values()) if found.work_group == work_group]

    def stop(self, execution: Execution) -> None:
        """End a statement: one that waits at once, one that runs in Trino itself; one that has ended stays."""
        with self._lock:
            execution.stop_asked = True
            if execution.state == QUEUED:
                self._end(execution, CANCELLED)
            running = list(execution.trino_queries) if execution.state == RUNNING else []
        for trino_query in running:
            self._cancel(trino_query)

    def started_in_trino(self, execution: Execution, trino_query: str) -> None:
        """Note Trino's id of what runs; ends it if the statement is to stop."""
        with self._lock:
            execution.trino_queries.append(trino_query)
            stop = execution.stop_asked
        if stop:
            self._cancel(trino_query)

    def _run(self, execution: Execution) -> None:
        with self._lock:
            if execution.state != QUEUED:
                return
            execution.state, execution.began = RUNNING, time.time()
        failure = self._failure_of(execution)
        with self._lock:
            # What had succeeded when the order to stop came has succeeded.
            cancelled = execution.stop_asked and failure is not None
            execution.failure = None if cancelled else failure
            self._end(execution, CANCELLED if cancelled else FAILED if failure else SUCCEEDED)

    def _failure_of(self, execution: Execution) -> Failure | None:
        try:
            self._work(execution)
        except TrinoError as error:
            return failures.of_trino(error)
        except Refused as error:
            return failures.of_refusal(error)
        except Exception as error:  # whatever it is, the client that waits must be told
            return failures.of_engine(error)
        return None

    def _end(self, execution: Execution, state: str) -> None:
        execution.state, execution.completed = state, time.time()
        # Its texts may be large, and nobody runs it again.
        execution.plan = replace(execution.plan, steps=(), query="")
        execution.reason = execution.failure.reason if execution.failure else BY_USER if state == CANCELLED else ""

    def _forget_oldest(self) -> None:
        while len(self._known) > REMEMBERED:
            oldest = next(iter(self._known.values()))
            if oldest.state not in FINAL:
                return
            del self._known[oldest.id]
            self._tokens.pop(oldest.token, None)
