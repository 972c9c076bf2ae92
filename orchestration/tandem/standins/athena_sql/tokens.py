"""Athena's two languages as tokens: Trino's (queries, views, CTAS) and Hive's (the other definitions).

They differ in what a double quote means (a name in Trino, a string in Hive) and in a string's escapes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tandem.errors import Refused

_PATTERN = {
    "trino": re.compile(
        r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")"""
        r"""|(?P<back>`(?:[^`]|``)*`)|(?P<number>\d[\w.]*)|(?P<word>[^\W\d]\w*)|(?P<op><=|>=|<>|!=|.)""",
        re.DOTALL,
    ),
    "hive": re.compile(
        r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)|(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
        r"""|(?P<back>`(?:[^`]|``)*`)|(?P<number>\d+(?:\.\d+)?(?!\w))|(?P<word>\w+)|(?P<op><=|>=|<>|!=|.)""",
        re.DOTALL,
    ),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|[0-3][0-7]{2}|.)", re.DOTALL)


class Token(NamedTuple):
    """One token: `kind` is string, quoted, back, number, word or op; `text` is as it was written."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The word in capitals or the operator; what is quoted is no keyword."""
        return self.text.upper() if self.kind in ("word", "op") else ""


def tokenize(text: str, language: str) -> list[Token]:
    """All tokens but comments and white space; a quote that never ends is an operator of its own."""
    return [
        Token(str(match.lastgroup), match.group(), match.start(), match.end())
        for match in _PATTERN[language].finditer(text)
        if match.lastgroup != "skip"
    ]


class Cursor:
    """Reads one statement token by token; whatever does not fit raises `Refused` with its place."""

    def __init__(self, text: str, language: str = "hive") -> None:
        self.text = text
        self.language = language
        self.tokens = tokenize(text, language)
        self.position = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.tokens)

    @property
    def here(self) -> int:
        """Where the next token begins in the text."""
        return self.tokens[self.position].start if not self.done else len(self.text)

    @property
    def behind(self) -> int:
        """Where the last token read ends in the text."""
        return self.tokens[self.position - 1].end if self.position else 0

    def at(self, *words: str) -> bool:
        """Whether these words come next."""
        following = self.tokens[self.position : self.position + len(words)]
        return [token.upper for token in following] == list(words)

    def take(self, *words: str) -> bool:
        """Read these words if they come next."""
        found = self.at(*words)
        self.position += len(words) * found
        return found

    def expect(self, *words: str) -> None:
        """Read these words; raises Refused if others come."""
        for word in words:
            if not self.take(word):
                raise self.mismatch(word)

    def end(self) -> None:
        """Raises Refused if anything is left."""
        if not self.done:
            raise self.mismatch("<EOF>")

    def next(self) -> Token:
        """Read any token; raises Refused at the end."""
        if self.done:
            raise self.mismatch("more")
        self.position += 1
        return self.tokens[self.position - 1]

    def name(self) -> str:
        """Read one part of a name, in lower case as the catalogue keeps it."""
        if self.done or self.tokens[self.position].kind not in ("word", "quoted", "back"):
            raise self.mismatch("a name")
        if self.language == "trino" and self.tokens[self.position].kind == "back":
            raise Refused(
                "SYNTAX_ERROR",
                f"{self.place()}: backquoted identifiers are not supported; use double quotes to quote identifiers",
                at_start=True,
            )
        token = self.next()
        if token.kind == "word":
            return token.text.lower()
        mark = token.text[0]
        return token.text[1:-1].replace(mark * 2, mark).lower()

    def names(self) -> list[str]:
        """Read a name of one or more parts."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return parts

    def string(self) -> str:
        """Read a string; its value."""
        if self.done or self.tokens[self.position].kind != "string":
            raise self.mismatch("a string")
        raw = self.next().text
        if self.language == "trino":
            return raw[1:-1].replace("''", "'")
        return _ESCAPE.sub(_unescaped, raw[1:-1])

    def number(self) -> int:
        """Read a whole number."""
        if self.done or not self.tokens[self.position].text.isdigit():
            raise self.mismatch("a number")
        return int(self.next().text)

    def skip_group(self) -> None:
        """Read an opening bracket and all up to the one that closes it."""
        depth = 0
        while True:
            token = self.next()
            depth += (token.upper in ("(", "[")) - (token.upper in (")", "]"))
            if depth <= 0:
                return

    def place(self, offset: int | None = None) -> str:
        """`line 1:8`, as both of Athena's parsers say it."""
        before = self.text[: self.here if offset is None else offset]
        column = len(before) - before.rfind("\n") - 1
        return f"line {before.count(chr(10)) + 1}:{column + (self.language == 'trino')}"

    def mismatch(self, expected: str) -> Refused:
        """The refusal of the token that comes next."""
        found = "<EOF>" if self.done else self.tokens[self.position].text
        if self.language == "trino":
            reason = f"{self.place()}: mismatched input '{found}'. Expecting: {expected}"
            return Refused("SYNTAX_ERROR", reason, at_start=True)
        return Refused(
            "PARSE_EXCEPTION", f"FAILED: ParseException {self.place()} mismatched input '{found}' expecting {expected}"
        )


def _unescaped(match: re.Match[str]) -> str:
    found = match.group(1)
    if found[0] == "u" and len(found) == 5:
        return chr(int(found[1:], 16))
    if len(found) == 3:
        return chr(int(found, 8))
    # A pattern's own escapes (\% and \_) keep their backslash, as in Hive.
    return "\\" + found if found in "%_" else _ESCAPES.get(found, found)
