"""From a statement that an engine refused back to the line of the model it was made from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

_PLACE = re.compile(r"\bline (\d+):\d+: ")
_FRAME = re.compile(r"(Runtime|Database|Compilation) Error|compiled code at")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a target refuses or that targets read differently: where, and why.

    `path` is relative to the project's folder; `line` counts from 1, and is None where no line is known.
    """

    path: str
    line: int | None
    message: str
    model: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Refusal:
    """A statement that failed, and why."""

    statement: str
    reason: str


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
