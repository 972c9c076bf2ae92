"""Carries out the steps of a statement and leaves its result where Athena does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tandem.errors import Refused
from tandem.standins.athena_sql.steps import LocalStep, TrinoStep
from tandem.standins.aws.executions import WRITES, Execution
from tandem.standins.aws.results import Place, ResultWriter
from tandem.standins.aws.types import column_info, parse
from tandem.standins.aws.values import text_of
from tandem.standins.aws.writes import Writes
from tandem.standins.trino.client import Page, Trino

Started = Callable[[Execution, str], None]
COUNTED = [("rows", "bigint")]


class Engine:
    """Does the work of executions in one Trino and one store."""

    def __init__(self, trino: Trino, s3: Any, writes: Writes) -> None:
        self._trino = trino
        self._s3 = s3
        self._writes = writes

    def carry_out(self, execution: Execution, started: Started) -> None:
        """Run all steps; `started` is told the id of each query of Trino.

        Raises TrinoError and Refused for what is wrong with the statement.
        """
        with ResultWriter(as_text=execution.as_text) as writer:
            for step in execution.plan.steps:
                if execution.stop_asked:
                    raise Refused("USER_CANCELED", "USER_CANCELED: Query was canceled")
                is_last = step is execution.plan.steps[-1]
                if isinstance(step, TrinoStep):
                    self._ask_trino(step, execution, writer if is_last else None, started)
                else:
                    _run_locally(step, execution, writer if is_last else None)
            if execution.nulls_if_empty and not execution.rows:
                writer.write([[None] * len(execution.columns)])
            self._store(execution, writer)

    def _ask_trino(self, step: TrinoStep, execution: Execution, writer: ResultWriter | None, started: Started) -> None:
        begun = time.monotonic()
        pages = self._trino.pages(
            step.sql, step.catalog, step.schema, step.session, lambda query: started(execution, query)
        )
        scanned = 0
        for page in pages:
            scanned = page.bytes_scanned
            if writer:
                _keep(page, execution, writer)
        execution.bytes_scanned += scanned
        execution.engine_seconds += time.monotonic() - begun

    def _store(self, execution: Execution, writer: ResultWriter) -> None:
        try:
            if execution.plan.substatement_type in WRITES:
                self._store_manifest(execution)
            else:
                writer.store(self._s3, execution.location)
            self._put(f"{execution.location}.metadata", json.dumps(metadata(execution)))
        except ClientError as error:
            said = f"HIVE_WRITER_OPEN_ERROR: Failed to write query results to Amazon S3: {error}"
            raise Refused("RESULT_NOT_WRITTEN", said) from error

    def _store_manifest(self, execution: Execution) -> None:
        objects = [found for query in execution.trino_queries for found in self._writes.take(query)]
        execution.manifest = f"{execution.location}-manifest.csv"
        self._put(execution.manifest, "".join(f"{location}\n" for location in objects))

    def _put(self, location: str, content: str) -> None:
        place = Place.of(location)
        self._s3.put_object(Bucket=place.bucket, Key=place.key, Body=content.encode())


def metadata(execution: Execution) -> dict[str, Any]:
    """The columns of a result and the rows that were changed."""
    columns = [column_info(name, kind) for name, kind in execution.columns]
    return {"ColumnInfo": columns, "UpdateCount": execution.update_count}


def _keep(page: Page, execution: Execution, writer: ResultWriter) -> None:
    execution.update_count = page.update_count or 0
    if page.update_type is not None or execution.plan.substatement_type in WRITES:
        execution.columns = COUNTED if page.update_count is not None else []
        return
    if page.columns and not execution.columns:
        execution.columns = page.columns
        if not execution.as_text:
            writer.write([[name for name, _ in page.columns]])
    kinds = [parse(kind) for _, kind in page.columns]
    execution.rows += len(page.rows)
    writer.write([text_of(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in page.rows)


def _run_locally(step: LocalStep, execution: Execution, writer: ResultWriter | None) -> None:
    begun = time.monotonic()
    found = step.run()
    execution.engine_seconds += time.monotonic() - begun
    if writer:
        execution.columns = found.columns
        writer.write(found.rows)
