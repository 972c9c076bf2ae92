"""The Athena API: statements, work groups and the catalogue, as boto3 and dbt-athena speak it.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tandem.errors import Refused
from tandem.standins.athena_sql.plan import plan
from tandem.standins.athena_sql.steps import CATALOG, LocalStep, Plan, Rows, Session
from tandem.standins.aws import rpc
from tandem.standins.aws.catalog import Catalog
from tandem.standins.aws.engine import Engine, metadata
from tandem.standins.aws.executions import CANCELLED, FAILED, FINAL, SUCCEEDED, WRITES, Execution, Executions
from tandem.standins.aws.http import Environ, StartResponse, read_body
from tandem.standins.aws.parameters import with_parameters
from tandem.standins.aws.results import read_page
from tandem.standins.aws.rpc import ApiError, Json, invalid
from tandem.standins.aws.validate import WORK_GROUP as VALIDATE_ONLY
from tandem.standins.aws.validate import analysed, asks_for_partitions
from tandem.standins.aws.workgroups import ENGINE_VERSION, WorkGroups

MAX_QUERY_BYTES = 262_144
MAX_RESULTS = 1000
MAX_LISTED = 50


class Athena:
    """WSGI for the requests of the Athena API."""

    def __init__(self, engine: Engine, glue: Any, s3: Any, region: str, groups: WorkGroups, cancel: Any) -> None:
        """`glue` and `s3` are boto3 clients of the local cloud; `cancel` ends a query of Trino by its id."""
        self._glue, self._s3, self._region = glue, s3, region
        self._groups = groups
        self._executions = Executions(self._work, cancel)
        self._engine = engine
        self._operations: dict[str, Callable[[Json], Json]] = {
            "StartQueryExecution": self._start,
            "StopQueryExecution": self._stop,
            "GetQueryExecution": lambda asked: {"QueryExecution": _described(self._found(asked))},
            "BatchGetQueryExecution": self._batch,
            "ListQueryExecutions": self._list,
            "GetQueryResults": self._results,
            "GetQueryRuntimeStatistics": self._statistics,
            **groups.operations(),
            **Catalog(glue).operations(),
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        operation = environ["HTTP_X_AMZ_TARGET"].split(".")[-1]
        asked = json.loads(read_body(environ) or b"{}")
        try:
            return rpc.answer(start_response, self._operations.get(operation, _unknown)(asked))
        except ApiError as error:
            return rpc.refuse(start_response, error)
        except Exception as error:  # the client reads no other form of answer
            return rpc.refuse(start_response, rpc.internal(error, "InternalServerException"))

    def _work(self, execution: Execution) -> None:
        self._engine.carry_out(execution, self._executions.started_in_trino)

    def _start(self, asked: Json) -> Json:
        query, token = asked["QueryString"], asked.get("ClientRequestToken", "")
        if known := self._executions.by_token(token, query):
            return {"QueryExecutionId": known.id}
        if len(query.encode()) > MAX_QUERY_BYTES:
            raise invalid(
                "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_QUERY_BYTES}"
            )
        work_group = asked.get("WorkGroup") or "primary"
        output, result = self._groups.output_of(work_group, asked.get("ResultConfiguration", {}))
        context = asked.get("QueryExecutionContext", {})
        if context.get("Catalog", CATALOG).lower() != CATALOG:
            raise invalid(f"Catalog {context['Catalog']} was not found")
        database = context.get("Database", "default").lower()
        session = Session(database, self._region, self._glue, self._s3, output)
        planned = _planned(with_parameters(query, asked.get("ExecutionParameters", ())), session)
        execution = Execution(query, planned, database, work_group, output, token, result)
        if work_group == VALIDATE_ONLY:
            execution.plan, execution.nulls_if_empty = analysed(planned), asks_for_partitions(planned)
        return {"QueryExecutionId": self._executions.start(execution).id}

    def _found(self, asked: Json) -> Execution:
        return self._executions.get(asked["QueryExecutionId"])

    def _stop(self, asked: Json) -> Json:
        self._executions.stop(self._found(asked))
        return {}

    def _batch(self, asked: Json) -> Json:
        found, missing = [], []
        for query_id in asked["QueryExecutionIds"]:
            try:
                found.append(_described(self._executions.get(query_id)))
            except ApiError as error:
                missing.append({"QueryExecutionId": query_id, "ErrorCode": error.code, "ErrorMessage": str(error)})
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def _list(self, asked: Json) -> Json:
        ids = [found.id for found in self._executions.of_work_group(asked.get("WorkGroup") or "primary")]
        after = asked.get("NextToken")
        first = ids.index(after) + 1 if after in ids else 0
        page = ids[first : first + min(asked.get("MaxResults") or MAX_LISTED, MAX_LISTED)]
        more = {"NextToken": page[-1]} if page and page[-1] != ids[-1] else {}
        return {"QueryExecutionIds": page, **more}

    def _results(self, asked: Json) -> Json:
        execution = self._found(asked)
        limit = asked.get("MaxResults") or MAX_RESULTS
        if limit > MAX_RESULTS:
            raise invalid(f"MaxResults is more than maximum allowed length {MAX_RESULTS}")
        if execution.state in (FAILED, CANCELLED):
            raise invalid(f"Query did not finish successfully. Final query state: {execution.state}")
        if execution.state != SUCCEEDED:
            raise invalid(f"Query has not yet finished. Current state: {execution.state}")
        rows, after = self._page(execution, asked.get("NextToken"), limit)
        known = metadata(execution)
        content = {
            "UpdateCount": known["UpdateCount"],
            "ResultSet": {
                "Rows": [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows],
                "ResultSetMetadata": {"ColumnInfo": known["ColumnInfo"]},
            },
        }
        return content if after is None else {**content, "NextToken": _token(execution, after)}

    def _page(self, execution: Execution, token: str | None, limit: int) -> tuple[list[list[str | None]], int | None]:
        if execution.plan.substatement_type in WRITES:
            return [], None
        offset = _offset(execution, token)
        try:
            return read_page(self._s3, execution.location, offset, limit, as_text=execution.as_text)
        except ClientError as error:
            raise invalid(f"Could not find results: {execution.location} ({error})") from error

    def _statistics(self, asked: Json) -> Json:
        execution = self._found(asked)
        timeline = {name: value for name, value in _statistics(execution).items() if name.endswith("Millis")}
        rows = {"InputBytes": execution.bytes_scanned, "OutputRows": execution.update_count}
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}


def _unknown(asked: Json) -> Json:
    raise ApiError("UnknownOperationException", "The local Athena does not know this operation.")


def _planned(query: str, session: Session) -> Plan:
    """The statement's plan; one that fails only after the start becomes a step that fails."""
    try:
        return plan(query, session)
    except Refused as error:
        if error.at_start:
            raise invalid(error.message, "MALFORMED_QUERY") from error
        return Plan("DDL", "", (LocalStep(partial(_fail, error)),))


def _fail(error: Exception) -> Rows:
    raise error


def _described(execution: Execution) -> Json:
    status: Json = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if execution.completed:
        status["CompletionDateTime"] = execution.completed
    if execution.reason:
        status["StateChangeReason"] = execution.reason
    if execution.failure:
        status["AthenaError"] = execution.failure.as_error()
    return {
        "QueryExecutionId": execution.id,
        "Query": execution.query,
        "StatementType": execution.plan.kind,
        "SubstatementType": execution.plan.substatement_type,
        "ResultConfiguration": {**execution.result_configuration, "OutputLocation": execution.location},
        "QueryExecutionContext": {"Database": execution.database, "Catalog": CATALOG},
        "Status": status,
        "Statistics": _statistics(execution),
        "WorkGroup": execution.work_group,
        "EngineVersion": ENGINE_VERSION,
    }


def _statistics(execution: Execution) -> Json:
    waited = (execution.began or execution.completed or execution.submitted) - execution.submitted
    total = (execution.completed or execution.submitted) - execution.submitted
    counted: Json = {
        "EngineExecutionTimeInMillis": int(execution.engine_seconds * 1000),
        "DataScannedInBytes": execution.bytes_scanned,
        "TotalExecutionTimeInMillis": int(total * 1000),
        "QueryQueueTimeInMillis": int(waited * 1000),
        "ServiceProcessingTimeInMillis": max(0, int((total - waited - execution.engine_seconds) * 1000)),
    }
    if execution.manifest and execution.state in FINAL:
        counted["DataManifestLocation"] = execution.manifest
    return counted


def _token(execution: Execution, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{execution.id} {offset}".encode()).decode()


def _offset(execution: Execution, token: str | None) -> int:
    if not token:
        return 0
    try:
        owner, offset = base64.urlsafe_b64decode(token).decode().split(" ")
        if owner == execution.id:
            return int(offset)
    except ValueError:
        pass
    raise invalid("Invalid NextToken")
