"""Athena's results are text; this gives them back their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Reader = Callable[[str], Any]


def reader_of(kind: str) -> Reader:
    """What turns the text of a value of this Athena type into a Python value; types of no other use stay text."""
    return _READERS.get(re.sub(r"\(.*?\)", "", kind).strip().lower(), str)


def value_of(datum: Mapping[str, str], read: Reader) -> Any:
    """One value of a result row; None for null, which has no text."""
    text = datum.get("VarCharValue")
    return None if text is None else read(text)


def _boolean(text: str) -> bool:
    return text.lower() == "true"


def _binary(text: str) -> bytes:
    return bytes.fromhex(text)


def _zoned(text: str) -> datetime:
    moment, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))


_READERS: dict[str, Reader] = {
    "boolean": _boolean,
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "int": int,
    "bigint": int,
    "real": float,
    "float": float,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp with time zone": _zoned,
    "varbinary": _binary,
}
