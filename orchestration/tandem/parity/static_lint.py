"""A check of the models' text that needs no server: what only some engines know, or read differently.

`python -m tandem.parity.static_lint [FILE …]` prints `path:line: message` and ends with 1 when it found something.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tandem.blame import Finding
from tandem.parity.dialect import JINJA_RULES, RULES, Rule

PROJECT = Path(__file__).resolve().parents[3]
FOLDERS = ("models", "data-tests", "snapshots")

_JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'")
_EXPRESSION = re.compile(r"^[^#\n]*?\b(?:expression|where):[ \t]*([^\n]+?)\}*$", re.MULTILINE)


def queries(project: Path = PROJECT) -> list[Path]:
    """The files of the dbt project that hold queries or expressions; macros and seeds are not among them."""
    found = (path for name in FOLDERS for path in (project / "dbt" / name).rglob("*"))
    return sorted(path for path in found if path.suffix in (".sql", ".yml"))


def check(paths: Iterable[Path], project: Path = PROJECT) -> list[Finding]:
    """Everything that the rules of `tandem.parity.dialect` find in these files, in the order of the text."""
    return sorted({finding for path in paths for finding in _check(path, project)}, key=_place)


def _check(path: Path, project: Path) -> Iterator[Finding]:
    text = path.read_text(encoding="utf-8")
    shown = str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
    if path.suffix == ".yml":
        text = _only_expressions(text)
    text = _blank(_JINJA_COMMENT, text)
    sql = text
    for gap in (_JINJA, _SQL_COMMENT, _STRING):
        sql = _blank(gap, sql)
    for searched, rules in ((sql, RULES), (_blank(_SQL_COMMENT, text), JINJA_RULES)):
        for rule in rules:
            yield from _matches(rule, searched, shown, path.stem)


def _matches(rule: Rule, text: str, shown: str, model: str) -> Iterator[Finding]:
    for match in rule.pattern.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        yield Finding(shown, line, f"{' '.join(match[1].split())}: {rule.message}", model)


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """The text with every match as blanks, so that what is left keeps its line."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _only_expressions(text: str) -> str:
    """Of a YAML text, the SQL in it: the expressions and conditions of data tests."""
    kept = list(re.sub(r"[^\n]", " ", text))
    for match in _EXPRESSION.finditer(text):
        found = match[1].rstrip()
        sql = f" {found[1:-1]} " if found.startswith('"') else found
        kept[match.start(1) : match.start(1) + len(sql)] = sql
    return "".join(kept)


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.path, finding.line or 0, finding.message


def main(arguments: list[str]) -> int:
    """Check the files named, or the whole project; returns the exit code."""
    findings = check([Path(name).resolve() for name in arguments] or queries())
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
