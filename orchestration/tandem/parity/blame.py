"""From a statement that an engine refused back to the line of the model it was made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import takewhile
from pathlib import Path
from typing import Any

from tandem.parity.finding import Finding

_BAD = ("error", "runtime error")
_PLACE = re.compile(r"\bline (\d+):\d+: ")
_FRAME = re.compile(r"(Runtime|Database|Compilation) Error|compiled code at")
BATCH = 50

# Unique id and message of a node that failed.
Failed = tuple[str, str]


@dataclass(frozen=True)
class Refusal:
    """A statement that failed, and why."""

    statement: str
    reason: str


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


def failed_nodes(artifacts: Path) -> list[Failed]:
    """Unique id and dbt's message of each node that failed in the last command."""
    return [(one["unique_id"], one["message"] or "") for one in results_of(artifacts) if one["status"] in _BAD]


def results_of(artifacts: Path) -> list[dict[str, Any]]:
    """What the last command did to each node; nothing when it found none to do."""
    file = artifacts / "run_results.json"
    return json.loads(file.read_text(encoding="utf-8"))["results"] if file.exists() else []


def blame(node: Mapping[str, Any], message: str, refusals: Sequence[Refusal], project: Path) -> Finding:
    """The finding for a node of dbt's manifest: the engine's reason and the line of its file, where they are known."""
    path = node["original_file_path"]
    shown = f"{project.name}/{path}"
    own = [one for one in refusals if node["unique_id"] in one.statement and _said(one.reason) in message]
    if not own:
        return Finding(shown, None, _without_frame(message), node["name"])
    reason = _PLACE.sub("", own[0].reason)
    if not path.endswith(".sql"):
        return Finding(shown, None, f"{node['name']}: {reason}", node["name"])
    return Finding(shown, line_of(own[0], (project / path).read_text(encoding="utf-8")), reason, node["name"])


def line_of(refusal: Refusal, source: str) -> int:
    """The line of a model's text that a refusal is about: where it names a place or a thing, else the first."""
    place = _PLACE.search(refusal.reason)
    sent, written = _lines(refusal.statement), _lines(source)
    near = _aligned(sent, written, int(place[1]) - 1) if place else 0
    mentions = [n for n, text in enumerate(written) if any(thing.search(text) for thing in _things(refusal.reason))]
    return min(mentions, key=lambda n: abs(n - near), default=near) + 1


def _things(reason: str) -> list[re.Pattern[str]]:
    """What a reason names: columns, functions, tables, a precision."""
    names = [re.escape(name) for name in re.findall(r"'(\w+)'", reason)]
    precisions = [rf"timestamp\s*\({digits}\)" for digits in re.findall(r"Timestamp precision \((\d+)\)", reason)]
    return [re.compile(rf"(?<!\w){name}(?!\w)", re.IGNORECASE) for name in [*names, *precisions]]


def _aligned(sent: Sequence[str], written: Sequence[str], wanted: int) -> int:
    """The line of `written` that line `wanted` of `sent` came from, or the one after the last that is alike."""
    blocks = SequenceMatcher(None, sent, written, autojunk=False).get_matching_blocks()
    before = 0
    for block in blocks:
        if block.a <= wanted < block.a + block.size:
            return block.b + wanted - block.a
        if block.a + block.size <= wanted and block.size:
            before = block.b + block.size
    return min(before, len(written) - 1)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def _said(reason: str) -> str:
    """What of a reason is in dbt's message too: it has no name of an error before it, or it has."""
    return _PLACE.split(reason)[-1].strip()


def _without_frame(message: str) -> str:
    """dbt's message without the lines that name the model and its compiled file."""
    lines = [line.strip() for line in message.splitlines()]
    kept = [line for line in lines if line and not _FRAME.match(line)]
    return " ".join(kept) or message.strip()
