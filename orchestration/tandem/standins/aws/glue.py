"""Glue: moto's, with the corrections that Trino and the real service's clients need.

moto leaves out fields that Trino reads, ignores segments and pages, knows no column statistics, enforces no limit of a
batch, keeps names in the case they came in, and lets the later of two commits of an Iceberg table win.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from tandem.standins.aws import rpc
from tandem.standins.aws.glue_entries import ReadObject, complete
from tandem.standins.aws.http import Environ, StartResponse, WsgiApp, call, read_body
from tandem.standins.aws.rpc import ApiError, Json

# Source: https://docs.aws.amazon.com/glue/latest/webapi/API_Operations.html
LIMITS = {
    "BatchCreatePartition": ("PartitionInputList", 100),
    "BatchUpdatePartition": ("Entries", 100),
    "BatchDeletePartition": ("PartitionsToDelete", 25),
    "BatchGetPartition": ("PartitionsToGet", 1000),
    "BatchDeleteTable": ("TablesToDelete", 100),
    "BatchDeleteTableVersion": ("VersionIds", 100),
}
PAGES = {
    "GetPartitions": ("Partitions", 1000),
    "GetTables": ("TableList", 100),
    "GetDatabases": ("DatabaseList", 100),
    "GetTableVersions": ("TableVersions", 100),
}
NO_STATISTICS: dict[str, Json] = {
    "GetColumnStatisticsForTable": {"ColumnStatisticsList": [], "Errors": []},
    "GetColumnStatisticsForPartition": {"ColumnStatisticsList": [], "Errors": []},
    "UpdateColumnStatisticsForTable": {"Errors": []},
    "UpdateColumnStatisticsForPartition": {"Errors": []},
    "DeleteColumnStatisticsForTable": {},
    "DeleteColumnStatisticsForPartition": {},
}
STORAGE_DEFAULTS = {"NumberOfBuckets": 0, "Compressed": False, "StoredAsSubDirectories": False}
NAMES = ("Name", "DatabaseName", "TableName")


class Glue:
    """WSGI in front of moto's application; one request at a time, so that a check and its write are one."""

    def __init__(self, moto: WsgiApp, read: ReadObject) -> None:
        self._moto = moto
        self._read = read
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        operation = environ["HTTP_X_AMZ_TARGET"].split(".")[-1]
        request = json.loads(read_body(environ) or b"{}")
        try:
            with self._one_at_a_time:
                return rpc.answer(start_response, self._answer(operation, request, environ))
        except ApiError as error:
            return rpc.refuse(start_response, error)
        except Exception as error:  # the client reads no other form of answer
            return rpc.refuse(start_response, rpc.internal(error, "InternalServiceException"))

    def _answer(self, operation: str, request: Json, environ: Environ) -> Json:
        if operation in NO_STATISTICS:
            return NO_STATISTICS[operation]
        _check_limit(operation, request)
        _fold_names(request)

        def ask(name: str, content: Json) -> Json:
            return self._ask({**environ, "HTTP_X_AMZ_TARGET": f"AWSGlue.{name}"}, content)

        if operation == "UpdateTable":
            _check_version(request, ask)
        if operation in ("CreateTable", "UpdateTable"):
            complete(request["TableInput"], self._read)
        if operation == "GetPartitions" and request.get("Segment", {}).get("SegmentNumber", 0):
            return {"Partitions": []}
        return _completed(operation, request, ask(operation, request))

    def _ask(self, environ: Environ, request: Json) -> Json:
        status, _, body = call(self._moto, environ, json.dumps(request).encode())
        content = json.loads(body or b"{}")
        if not status.startswith("200"):
            code = str(content.get("__type", "InternalServiceException")).split("#")[-1]
            message = content.get("message") or content.get("Message") or ""
            raise ApiError(code, message, int(status.split()[0]))
        return content


def _check_limit(operation: str, request: Json) -> None:
    name, limit = LIMITS.get(operation, ("", 0))
    if name and len(request.get(name, ())) > limit:
        parameter = name[0].lower() + name[1:]
        raise ApiError(
            "ValidationException",
            f"1 validation error detected: Value at '{parameter}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}",
        )


def _check_version(request: Json, ask: Callable[[str, Json], Json]) -> None:
    """An update based on a version that is no longer the current one: two commits of one Iceberg table."""
    expected = request.get("VersionId")
    if expected is None:
        return
    asked = {"DatabaseName": request["DatabaseName"], "Name": request["TableInput"]["Name"]}
    if ask("GetTable", asked)["Table"]["VersionId"] != expected:
        raise ApiError("ConcurrentModificationException", "Update table failed due to concurrent modifications.")


def _fold_names(request: Json) -> None:
    for holder in (request, request.get("TableInput", {}), request.get("DatabaseInput", {})):
        for name in NAMES:
            if isinstance(holder.get(name), str):
                holder[name] = holder[name].lower()


def _completed(operation: str, request: Json, content: Json) -> Json:
    if operation == "BatchGetPartition":
        content.setdefault("UnprocessedKeys", [])
    if operation in PAGES:
        content = _page(*PAGES[operation], request, content)
    for entry in _entries(content):
        if entry.get("StorageDescriptor") is not None:
            entry["StorageDescriptor"] = STORAGE_DEFAULTS | entry["StorageDescriptor"]
    if request.get("ExcludeColumnSchema"):
        for partition in content["Partitions"]:
            partition.get("StorageDescriptor", {}).pop("Columns", None)
    return content


def _entries(content: Json) -> list[Json]:
    versions = [version["Table"] for version in content.get("TableVersions", ())]
    single = [content[name] for name in ("Table", "Partition") if name in content]
    return [*content.get("TableList", ()), *content.get("Partitions", ()), *versions, *single]


def _page(name: str, largest: int, request: Json, content: Json) -> Json:
    first = int(base64.b64decode(request["NextToken"])) if request.get("NextToken") else 0
    after = first + min(request.get("MaxResults") or largest, largest)
    found: list[Any] = content[name]
    page = {**content, name: found[first:after]}
    if after < len(found):
        page["NextToken"] = base64.b64encode(str(after).encode()).decode()
    return page
