"""Trino's types as text, read into a tree, and what Glue and Athena call them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r'"(?:[^"]|"")*"|[(),]|[^\s(),"]+')
_GLUE = {"integer": "int", "varbinary": "binary", "real": "float", "json": "string", "uuid": "string", "time": "string"}
_ATHENA = {"real": "float"}
UNBOUNDED = 2147483647
PRECISIONS = {"boolean": 0, "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "float": 17, "double": 17}
PRECISIONS |= {"date": 0, "timestamp": 3, "timestamp with time zone": 3, "varbinary": UNBOUNDED, "varchar": UNBOUNDED}


@dataclass(frozen=True)
class Type:
    """A type: its name, the types in it, the names of a row's fields, and its lengths or precision."""

    name: str
    inner: tuple[Type, ...] = ()
    fields: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def parse(text: str) -> Type:
    """Read a type as Trino writes it, such as `array(row(a integer, b timestamp(3) with time zone))`."""
    return _Reader(_TOKEN.findall(text)).type()


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def type(self) -> Type:
        name = self._next().lower()
        if name == "row":
            fields, inner = self._fields()
            return Type("row", inner, fields)
        numbers: list[int] = []
        inner_types: list[Type] = []
        if self._peek() == "(":
            self._next()
            while self._peek() != ")":
                if self._peek() == ",":
                    self._next()
                elif self._peek().isdigit():
                    numbers.append(int(self._next()))
                else:
                    inner_types.append(self.type())
            self._next()
        while self._peek() in ("with", "time", "zone", "precision", "to", "year", "month", "day", "second"):
            name += " " + self._next()
        return Type(name, tuple(inner_types), (), tuple(numbers))

    def _fields(self) -> tuple[tuple[str, ...], tuple[Type, ...]]:
        names: list[str] = []
        types: list[Type] = []
        self._next()
        while self._peek() != ")":
            if self._peek() == ",":
                self._next()
            names.append(self._field_name(len(names)))
            types.append(self.type())
        self._next()
        return tuple(names), tuple(types)

    def _field_name(self, position: int) -> str:
        """A field without a name has its type at once; Athena numbers it."""
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ")"
        named = self._peek().startswith('"') or following not in ("(", ")", ",")
        return self._next().strip('"').replace('""', '"') if named else f"field{position}"

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]


def in_glue(found: Type) -> str:
    """The type as Glue has it: `struct<a:int>`, `string`, `decimal(9,2)`."""
    inner = [in_glue(part) for part in found.inner]
    if found.name == "row":
        return "struct<" + ",".join(f"{name}:{part}" for name, part in zip(found.fields, inner, strict=True)) + ">"
    if inner:
        return f"{found.name}<{','.join(inner)}>"
    if found.name in ("varchar", "char", "decimal") and found.numbers:
        return f"{found.name}({','.join(map(str, found.numbers))})"
    if found.name == "varchar":
        return "string"
    return _GLUE.get(found.name, found.name.split(" ")[0])


def column_info(name: str, text: str) -> dict[str, object]:
    """A column as GetQueryResults tells it."""
    found = parse(text)
    kind = _ATHENA.get(found.name, found.name)
    precision, scale = PRECISIONS.get(kind, 0), 0
    if kind == "decimal":
        precision, scale = (*found.numbers, 0)[:2] if found.numbers else (38, 0)
    elif kind in ("varchar", "char") and found.numbers:
        precision = found.numbers[0]
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in ("varchar", "char"),
    }
