"""Which columns a CSV file has, and of what kind, as far as the texts in it tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tandem.extract.drift import Observed
from tandem.refine.ecommerce_csv import header_names, read_records
from tandem.schemas import Entity, Kind

ENOUGH = 3  # values that all look wrong make a column of another kind; fewer are bad cells, which refining sets aside

_NUMBER = re.compile(r"[-+$€£\s]*(USD?)?[$\s]*[\d.,'\s]*\d[\d.,'\s]*([$€£%]|USD)?", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*", re.ASCII)
LOOKS = {Kind.INTEGER: _NUMBER, Kind.NUMBER: _NUMBER, Kind.DATE: _DATE}


def observed_columns(entity: Entity, payload: bytes) -> list[Observed]:
    """The columns of a file whose first line with something in it is the header; none for an empty file."""
    declared = {column.name: column.kind for column in entity.arrives}
    names = header_names(payload, declared)
    whole = all(names.count(name) == 1 for name in declared)
    values = _values(payload, list(declared)) if whole else {}
    return [_observed(name, declared.get(name), names.count(name), values.get(name, [])) for name in names]


def _values(payload: bytes, columns: Sequence[str]) -> dict[str, list[str]]:
    rows = [record.fields for record in read_records(payload, columns) if record.fields]
    return {name: [value for row in rows if (value := row[name].strip())] for name in columns}


def _observed(name: str, declared: Kind | None, times: int, values: Sequence[str]) -> Observed:
    if times > 1:
        return Observed(name, None, f"there {times} times")
    looks = LOOKS.get(declared) if declared else None
    if looks and len(values) >= ENOUGH and not any(looks.fullmatch(value) for value in values):
        return Observed(name, Kind.TEXT, f"text such as {values[0][:40]!r}")
    return Observed(name, declared or Kind.TEXT)
