"""Types as Hive's definitions write them: read, checked, and said in Trino's words."""

from __future__ import annotations

from tandem.standins.athena_sql.tokens import Cursor

_PLAIN = {
    "boolean": "boolean",
    "tinyint": "tinyint",
    "smallint": "smallint",
    "int": "integer",
    "bigint": "bigint",
    "float": "real",
    "double": "double",
    "string": "varchar",
    "binary": "varbinary",
    "date": "date",
    "timestamp": "timestamp(6)",
}
_SIZED = {"decimal": (1, 2), "varchar": (1, 1), "char": (1, 1)}


def read_type(cursor: Cursor) -> tuple[str, str]:
    """Read one type: as Glue keeps it, and as Trino's Iceberg says it; raises Refused for a type that Athena lacks."""
    if cursor.done or cursor.tokens[cursor.position].kind != "word":
        raise cursor.mismatch("a type")
    word = cursor.tokens[cursor.position].text.lower()
    if word in ("array", "map", "struct"):
        cursor.next()
        return _nested(cursor, word)
    if word in _SIZED:
        return _sized(cursor, word)
    if word not in _PLAIN:
        raise cursor.mismatch("a type: " + ", ".join([*_PLAIN, *_SIZED, "array", "map", "struct"]))
    cursor.next()
    if word == "timestamp" and cursor.take("WITH", "TIME", "ZONE"):
        return "timestamp with time zone", "timestamp(6) with time zone"
    return word, _PLAIN[word]


def _sized(cursor: Cursor, word: str) -> tuple[str, str]:
    cursor.next()
    if word == "decimal" and not cursor.at("("):
        return "decimal(10,0)", "decimal(10,0)"
    cursor.expect("(")
    sizes = [cursor.number()]
    while len(sizes) < _SIZED[word][1] and cursor.take(","):
        sizes.append(cursor.number())
    cursor.expect(")")
    if word == "decimal" and len(sizes) == 1:
        sizes.append(0)
    written = f"{word}({','.join(map(str, sizes))})"
    return written, "varchar" if word in ("varchar", "char") else written


def _nested(cursor: Cursor, word: str) -> tuple[str, str]:
    cursor.expect("<")
    hive: list[str] = []
    trino: list[str] = []
    while True:
        name = ""
        if word == "struct":
            name = cursor.name()
            cursor.expect(":")
        inner = read_type(cursor)
        hive.append(f"{name}:{inner[0]}" if name else inner[0])
        trino.append(f'"{name}" {inner[1]}' if name else inner[1])
        if len(hive) == {"array": 1, "map": 2}.get(word, 0):
            break
        if not (cursor.at(",") or word == "map") or not _comma(cursor):
            break
    cursor.expect(">")
    shown = "row" if word == "struct" else word
    return f"{word}<{','.join(hive)}>", f"{shown}({', '.join(trino)})"


def _comma(cursor: Cursor) -> bool:
    cursor.expect(",")
    return True
