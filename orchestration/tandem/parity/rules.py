"""When two values, and two types, count as equal. Everything that is not exact is here, and is printed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

RELATIVE_ERROR = {"double": 1e-9, "real": 1e-6}
RULES = (
    "Timestamps are compared at precision 3: rounded to the millisecond, which is what Athena's Hive tables keep.",
    f"double is equal within a relative error of {RELATIVE_ERROR['double']:g}, real within {RELATIVE_ERROR['real']:g}; "
    "decimals, integers, texts, dates and booleans are exact.",
    "A type is equal by its name in the model: length of varchar and precision of timestamp do not matter.",
    "Columns that begin with _ are left out: they are lineage.",
)

_SPELLINGS = {
    "varchar": ("string", "text", "character varying"),
    "bigint": ("int8", "long"),
    "integer": ("int", "int4"),
    "smallint": ("int2",),
    "double": ("double precision", "float8"),
    "real": ("float", "float4"),
    "decimal": ("numeric",),
    "boolean": ("bool",),
    "timestamp": ("datetime", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp without time zone"),
    "timestamptz": ("timestamp with time zone",),
}
_KINDS = {spelling: kind for kind, spellings in _SPELLINGS.items() for spelling in (kind, *spellings)}
_UNBOUND = {"varchar", "timestamp", "timestamptz"}
_TYPE = re.compile(r"(?P<name>[a-z_][a-z_0-9 ]*?) ?(\((?P<bounds>[\d, ]+)\))?(?P<zone> with(out)? time zone)?")


def is_compared(column: str) -> bool:
    """Whether a column is part of the comparison."""
    return not column.startswith("_")


def kind_of(sql_type: str) -> str:
    """The type that an engine's or a model's spelling stands for: `DECIMAL(28,6)` and `decimal(28, 6)` are one."""
    text = " ".join(sql_type.lower().split())
    parts = _TYPE.fullmatch(text)
    if parts is None:
        return text.replace(" ", "")
    name = parts["name"] + (parts["zone"] or "")
    kind, bounds = _KINDS.get(name, name), parts["bounds"]
    if bounds is None or kind in _UNBOUND:
        return kind
    return f"{kind}({bounds.replace(' ', '')})"


def same(kind: str, left: Any, right: Any) -> bool:
    """Whether two values of a column of this kind are equal by the rules."""
    if isinstance(left, float) and isinstance(right, float):
        both_nan = math.isnan(left) and math.isnan(right)
        return both_nan or math.isclose(left, right, rel_tol=RELATIVE_ERROR.get(kind, 0.0), abs_tol=0.0)
    return bool(comparable(left) == comparable(right))


def comparable(value: Any) -> Any:
    """A value as it is compared, and as keys are ordered: timestamps by the millisecond, in UTC."""
    if not isinstance(value, datetime):
        return value
    moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    rounded = moment + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)


def differing_columns(
    kinds: Mapping[str, str], left: tuple[Any, ...], right: tuple[Any, ...]
) -> list[tuple[str, Any, Any]]:
    """Column, left and right value wherever two rows of these columns differ."""
    cells = zip(kinds.items(), left, right, strict=True)
    return [(name, ours, theirs) for (name, kind), ours, theirs in cells if not same(kind, ours, theirs)]
