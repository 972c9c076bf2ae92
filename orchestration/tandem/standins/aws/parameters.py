"""Execution parameters: the values of the question marks of a statement, as text of literals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tandem.standins.aws.rpc import invalid

_PART = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\?""", re.DOTALL)


def with_parameters(query: str, values: Sequence[str]) -> str:
    """The statement with its question marks, but for those in quotes and comments, replaced in order.

    Raises InvalidRequestException when their number is not that of the values.
    """
    if not values:
        return query
    left = list(values)

    def put(match: re.Match[str]) -> str:
        if match.group() != "?":
            return match.group()
        if not left:
            raise invalid(f"Incorrect number of parameters: expected more than {len(values)} but found {len(values)}")
        return left.pop(0)

    filled = _PART.sub(put, query)
    if left:
        expected = len(values) - len(left)
        raise invalid(f"Incorrect number of parameters: expected {expected} but found {len(values)}")
    return filled
