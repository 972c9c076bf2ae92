"""The refusals of whole statements, and of what the local engine's catalogues would give away."""

from __future__ import annotations

from tandem.errors import Refused
from tandem.standins.athena_sql.tokens import Cursor

# Catalogues of the engine behind this Athena; Athena has none of them.
_ENGINE_CATALOGS = {"iceberg", "system", "jmx"}
_BEFORE_TABLE = {"FROM", "JOIN", "INTO", "UPDATE", "USING", "TABLE", "VIEW"}


def unsupported(construct: str) -> Refused:
    """The refusal of a statement that Athena does not have."""
    return Refused("NOT_SUPPORTED", f"Queries of this type are not supported: {construct}", at_start=True)


def check_catalogs(cursor: Cursor) -> None:
    """Raises Refused for a table named in a catalogue that only the engine has."""
    tokens = cursor.tokens
    for position, token in enumerate(tokens[:-4]):
        first, dot, _, second_dot = tokens[position + 1 : position + 5]
        if token.upper in _BEFORE_TABLE and (dot.upper, second_dot.upper) == (".", "."):
            catalog = first.text.strip('"').lower()
            if catalog in _ENGINE_CATALOGS:
                reason = f"{cursor.place(first.start)}: Catalog '{catalog}' does not exist"
                raise Refused("CATALOG_NOT_FOUND", f"CATALOG_NOT_FOUND: {reason}")


def one_statement(text: str) -> str:
    """The statement without its last semicolon; raises Refused for none, or more than one."""
    tokens = Cursor(text, "trino").tokens
    while tokens and tokens[-1].upper == ";":
        text = text[: tokens.pop().start]
    if not tokens:
        raise Refused("SYNTAX_ERROR", "Query string is empty", at_start=True)
    if any(token.upper == ";" for token in tokens):
        raise Refused("SYNTAX_ERROR", f"Only one sql statement is allowed. Got: {text}", at_start=True)
    return text
