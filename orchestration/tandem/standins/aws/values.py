"""Trino's values, as its protocol sends them, as the text that Athena puts into a result."""

from __future__ import annotations

import base64
from typing import Any

from tandem.standins.aws.types import Type


def text_of(value: Any, kind: Type) -> str | None:
    """A value as Athena prints it; None stays None."""
    if value is None or (isinstance(value, str) and kind.name != "varbinary"):
        return value
    return _printed(value, kind)


def _printed(value: Any, kind: Type) -> str:
    if value is None:
        return "null"
    if kind.name == "array":
        return "[" + ", ".join(_printed(part, kind.inner[0]) for part in value) + "]"
    if kind.name == "map":
        key, held = kind.inner
        # A map's keys arrive as the names of a JSON object.
        return "{" + ", ".join(f"{_printed(name, key)}={_printed(part, held)}" for name, part in value.items()) + "}"
    if kind.name == "row":
        parts = zip(kind.fields, value, kind.inner, strict=True)
        return "{" + ", ".join(f"{name}={_printed(part, inner)}" for name, part, inner in parts) + "}"
    if kind.name == "varbinary":
        return base64.b64decode(value).hex(" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
