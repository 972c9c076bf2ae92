"""The statements that failed in a work group, as Athena remembers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

from tandem.blame import Refusal

BATCH = 50


def refusals_since(athena: Any, work_group: str, began: datetime) -> Iterator[Refusal]:
    """The statements of a work group that failed since then, newest first; `athena` is a boto3 client."""
    pages = athena.get_paginator("list_query_executions").paginate(WorkGroup=work_group)
    for page in pages:
        found = athena.batch_get_query_execution(QueryExecutionIds=page["QueryExecutionIds"][:BATCH])["QueryExecutions"]
        recent = list(takewhile(lambda query: query["Status"]["SubmissionDateTime"] >= began, found))
        for query in recent:
            if query["Status"]["State"] == "FAILED":
                yield Refusal(query["Query"], query["Status"]["StateChangeReason"])
        if len(recent) < len(found):
            return
