"""Runs statements on Athena: start, wait, page through the result; stops what it is no longer waiting for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from tandem.errors import WarehouseError
from tandem.targets.athena.failures import explained
from tandem.targets.athena.values import reader_of, value_of

CATALOG = "awsdatacatalog"
PAGE_ROWS = 1000
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
_UNDER_WAY = {"QUEUED", "RUNNING"}
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Answer:
    """The result of a statement, and what it cost."""

    query_id: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    scanned_bytes: int


@dataclass(frozen=True)
class Page:
    """Some rows of a result."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


class Athena:
    """Statements in one work group; `result` says where results go and how they are encrypted."""

    def __init__(self, client: Any, work_group: str, result: Mapping[str, Any]) -> None:
        self._client = client
        self._work_group = work_group
        self._result = result

    def run(self, sql: str) -> Answer:
        """Run a statement to its end and fetch its result.

        Interrupted while it runs, it is stopped. Raises WarehouseError with Athena's reason and the query's id.
        """
        with explained(f"run a statement in the work group {self._work_group}"):
            execution = self._finished(sql)
            pages = list(self._pages(execution))
        rows = [row for page in pages for row in page.rows]
        scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        return Answer(execution["QueryExecutionId"], pages[0].columns, rows, scanned)

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement, a page in memory at a time; raises as `run` does."""
        with explained(f"run a statement in the work group {self._work_group}"):
            for page in self._pages(self._finished(sql)):
                yield from page.rows

    def _finished(self, sql: str) -> dict[str, Any]:
        """Run a statement to its end; what Athena says of it then."""
        query_id = self._start(sql)
        execution = self._wait(query_id)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise WarehouseError(self._failure(sql, query_id, execution["Status"]))
        return {**execution, "QueryExecutionId": query_id}

    def _start(self, sql: str) -> str:
        started = self._client.start_query_execution(
            QueryString=sql,
            # A request that is sent again after a timeout must not start a second execution.
            ClientRequestToken=str(uuid4()),
            QueryExecutionContext={"Catalog": CATALOG},
            WorkGroup=self._work_group,
            ResultConfiguration=self._result,
        )
        return str(started["QueryExecutionId"])

    def _wait(self, query_id: str) -> dict[str, Any]:
        pause = FIRST_PAUSE_SECONDS
        try:
            while (execution := self._look(query_id))["Status"]["State"] in _UNDER_WAY:
                time.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        except BaseException:
            # Ctrl-C and a task's deadline too: left alone it would run, and cost, to its end.
            with suppress(ClientError, BotoCoreError):
                self._client.stop_query_execution(QueryExecutionId=query_id)
            raise
        return execution

    def _look(self, query_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        return found

    def _failure(self, sql: str, query_id: str, status: Mapping[str, Any]) -> str:
        reason = status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or "no reason"
        text = " ".join(sql.split())
        shown = f"{text[:_SHOWN_CHARACTERS]} …" if len(text) > _SHOWN_CHARACTERS else text
        return (
            f"Athena: {reason} ({status['State'].lower()}, query {query_id}, work group {self._work_group}).\n"
            f"Statement: {shown}"
        )

    def _pages(self, execution: Mapping[str, Any]) -> Iterator[Page]:
        columns: list[str] = []
        readers: list[Any] = []
        for number, found in enumerate(self._raw_pages(execution["QueryExecutionId"])):
            raw = found["Rows"]
            if number == 0:
                info = found["ResultSetMetadata"].get("ColumnInfo", [])
                columns, readers = [column["Name"] for column in info], [reader_of(column["Type"]) for column in info]
                # Only a query's result begins with the columns' names; SHOW and DESCRIBE begin with their first line.
                if execution.get("StatementType") == "DML" and raw and _texts(raw[0]) == columns:
                    raw = raw[1:]
            yield Page(columns, [_typed(row, readers) for row in raw])

    def _raw_pages(self, query_id: str) -> Iterator[dict[str, Any]]:
        asked: dict[str, Any] = {"QueryExecutionId": query_id, "MaxResults": PAGE_ROWS}
        while True:
            page = self._client.get_query_results(**asked)
            yield page["ResultSet"]
            if not page.get("NextToken"):
                return
            asked["NextToken"] = page["NextToken"]


def _texts(row: Mapping[str, Any]) -> list[str | None]:
    return [datum.get("VarCharValue") for datum in row.get("Data", [])]


def _typed(row: Mapping[str, Any], readers: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(value_of(datum, read) for datum, read in zip(row.get("Data", []), readers, strict=False))
