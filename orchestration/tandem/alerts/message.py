"""What an alert says, and its form in Slack: a coloured attachment of Block Kit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tandem.report.words import duration
from tandem.scrub import scrubbed

GREEN, RED = "#36a64f", "#ff0000"
# https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION_CHARACTERS, FIELD_CHARACTERS = 3000, 2000
_FENCE = "```"
_CUT = " …"


class Status(StrEnum):
    """What an alert is about."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    LATE = "MISSED DEADLINE"


@dataclass(frozen=True)
class Alert:
    """One message about a run or one of its tasks; what is empty is left out.

    `seconds` is how long it took so far, `limit` says which limit was overrun, `running` what was at work then.
    """

    status: Status
    dag: str
    task: str = ""
    logical_date: str = ""
    days: str = ""
    seconds: float | None = None
    attempt: str = ""
    limit: str = ""
    running: str = ""
    exception: str = ""
    link: str = ""

    @property
    def headline(self) -> str:
        """The message in a few words, for a notification."""
        return " ".join(filter(None, [f"[{self.status}]", self.dag, self.task]))


def payload(alert: Alert, secrets: Iterable[str]) -> dict[str, Any]:
    """The message as Slack takes it, by webhook and by bot; free of the secrets, and within Slack's limits."""
    known = list(secrets)
    exception = scrubbed(alert.exception, known)
    blocks = [_section(f"*[{alert.status}] {_cut(alert.dag, FIELD_CHARACTERS)}*"), _fields(alert)]
    if exception:
        blocks.append(_section(_fenced(exception)))
    if alert.link:
        blocks.append(_section(f"<{_cut(scrubbed(alert.link, known), FIELD_CHARACTERS)}|Log>"))
    color = GREEN if alert.status is Status.SUCCESS else RED
    fallback = _cut(alert.headline, FIELD_CHARACTERS)
    return {"attachments": [{"color": color, "fallback": fallback, "blocks": blocks}]}


def _fields(alert: Alert) -> dict[str, Any]:
    named = {
        "Status": str(alert.status),
        "DAG": alert.dag,
        "Task": alert.task,
        "Logical date": alert.logical_date,
        "Days": alert.days,
        "Duration": "" if alert.seconds is None else duration(alert.seconds),
        "Attempt": alert.attempt,
        "Limit": alert.limit,
        "Running": alert.running,
    }
    room = FIELD_CHARACTERS - max(map(len, named)) - len("**\n")
    fields = [_text(f"*{name}*\n{_cut(value, room)}") for name, value in named.items() if value]
    return {"type": "section", "fields": fields}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def _fenced(text: str) -> str:
    # A fence inside the text would end the block that shows it as it is.
    inner = _cut(text.strip().replace(_FENCE, "'''"), SECTION_CHARACTERS - 2 * len(_FENCE))
    return f"{_FENCE}{inner}{_FENCE}"


def _cut(text: str, characters: int) -> str:
    """The text as Slack reads it, where & < > are signs, and no longer than Slack takes."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(escaped) <= characters:
        return escaped
    # What is left of an escape cut in two goes too.
    return re.sub(r"&[a-z]{0,3}$", "", escaped[: characters - len(_CUT)]) + _CUT
