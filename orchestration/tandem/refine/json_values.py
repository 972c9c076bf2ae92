"""Values out of parsed JSON, tolerant of how a source writes them and strict about what they mean."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from tandem.refine.refined import clean_text

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INT64 = 2**63


def nested(element: object, *path: str) -> Any:
    """What lies at a path of nested objects, None where there is nothing."""
    for name in path:
        element = element.get(name) if isinstance(element, dict) else None
    return element


def number(value: object) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """A whole number that fits 64 bits, also one written as text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_INT64 <= value < _INT64 else None
    found = number(value)
    return int(found) if found is not None and found.is_integer() and abs(found) < 2**53 else None


def text(value: object) -> str | None:
    """Text, also of a number; None when there is none."""
    if isinstance(value, str):
        return clean_text(value)
    return json.dumps(value) if isinstance(value, int | float) else None


def truth(value: object) -> bool | None:
    """True or false; None for anything else."""
    return value if isinstance(value, bool) else None
