"""A comparison in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tandem.parity.result import MartParity, Parity, RowDifference
from tandem.parity.rules import RULES

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

NOTHING = "\N{EM DASH}"
SHOWN_CHARACTERS = 200


def render(parities: Sequence[Parity]) -> RenderableType:
    """Comparisons as something that `rich` prints: the rules, a line per mart, then what differs, side by side."""
    from rich.console import Group

    return Group(*_rules(), *(part for parity in parities for part in _parity(parity)))


def as_json(parities: Sequence[Parity]) -> dict[str, Any]:
    """Comparisons as plain values; the values of rows are texts."""
    return {
        "equal": all(parity.equal for parity in parities),
        "rules": list(RULES),
        "systems": [_system(parity) for parity in parities],
    }


def verdict(parity: Parity) -> str:
    """The comparison in one sentence."""
    sides = f"{parity.left} and {parity.right}"
    rows = sum(max(mart.rows) for mart in parity.marts)
    wrong = [mart.name for mart in parity.marts if not mart.equal]
    if not wrong:
        return f"{parity.system}: {sides} are equal, {len(parity.marts)} marts, {rows:,} rows."
    return f"{parity.system}: {sides} differ in {len(wrong)} of {len(parity.marts)} marts: {', '.join(wrong)}."


def _rules() -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text("Rows are compared by the key of the model, column by column, exactly, but for these rules:", "dim")
    for rule in RULES:
        yield Text(f"  {rule}", "dim")


def _parity(parity: Parity) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text()
    yield _overview(parity)
    for mart in parity.marts:
        yield from _differences(parity, mart)
    yield Text(verdict(parity), "bold green" if parity.equal else "bold red")


def _overview(parity: Parity) -> Table:
    from rich.text import Text

    table = _table("mart", "key", f"rows {parity.left}", f"rows {parity.right}", "")
    table.columns[0].no_wrap = True
    for column in table.columns[2:4]:
        column.justify, column.no_wrap = "right", True
    for mart in parity.marts:
        rows = [f"{count:,}" for count in mart.rows] if mart.compared else [NOTHING] * 2
        result = Text("equal", "green") if mart.equal else Text(_what(parity, mart), "bold red")
        table.add_row(Text(mart.name), Text(", ".join(mart.key)), *rows, result)
    return table


def _what(parity: Parity, mart: MartParity) -> str:
    if mart.absent:
        return f"not on {mart.absent}"
    counts = {
        f"only on {parity.left}": mart.only_left,
        f"only on {parity.right}": mart.only_right,
        "changed": mart.changed,
    }
    found = [f"{count:,} {name}" for name, count in counts.items() if count]
    return ", ".join([*(["columns differ"] if mart.columns else []), *found])


def _differences(parity: Parity, mart: MartParity) -> Iterator[RenderableType]:
    from rich.text import Text

    if mart.columns:
        table = _table(f"column of {mart.name}", "declared", parity.left, parity.right)
        for column in mart.columns:
            table.add_row(
                *(Text(text or NOTHING) for text in (column.column, column.declared, column.left, column.right))
            )
        yield table
    if mart.left_out:
        yield Text(f"{mart.name}: left out: {', '.join(mart.left_out)}", "dim")
    if mart.changed_columns:
        counted = ", ".join(f"{name} in {rows:,}" for name, rows in mart.changed_columns.most_common())
        yield Text(f"{mart.name}: rows changed by column: {counted}")
    if mart.examples:
        yield _rows(parity, mart)
    if unseen := mart.only_left + mart.only_right + mart.changed - len(mart.examples):
        yield Text(f"… and {unseen:,} more rows of {mart.name}", "dim")


def _rows(parity: Parity, mart: MartParity) -> Table:
    from rich.text import Text

    table = _table(f"{mart.name}: {', '.join(mart.key)}", "column", parity.left, parity.right)
    for row in mart.examples:
        key = " | ".join(_shown(value) for value in row.key)
        for column, left, right in _cells(parity, mart, row):
            table.add_row(*map(Text, (key, column, left, right)))
            key = ""
    return table


def _cells(parity: Parity, mart: MartParity, row: RowDifference) -> Iterator[tuple[str, str, str]]:
    if row.only is None:
        yield from ((name, _shown(left), _shown(right)) for name, left, right in row.cells)
        return
    whole = ", ".join(f"{name} {_shown(value)}" for name, *both in row.cells for value in both if name not in mart.key)
    text = f"{whole[:SHOWN_CHARACTERS]} …" if len(whole) > SHOWN_CHARACTERS else whole or "there"
    left, right = (text if side == row.only else NOTHING for side in (parity.left, parity.right))
    yield "(whole row)", left, right


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _shown(value: Any) -> str:
    return "null" if value is None else repr(value) if isinstance(value, float) else str(value)


def _system(parity: Parity) -> dict[str, Any]:
    return {
        "system": parity.system,
        "equal": parity.equal,
        "left": parity.left,
        "right": parity.right,
        "marts": [_mart(mart) for mart in parity.marts],
    }


def _mart(mart: MartParity) -> dict[str, Any]:
    return {
        "mart": mart.name,
        "equal": mart.equal,
        "absent": mart.absent,
        "key": list(mart.key),
        "columns": [vars(column) for column in mart.columns],
        "left_out": list(mart.left_out),
        "rows_compared": mart.compared,
        "rows": list(mart.rows),
        "only_left": mart.only_left,
        "only_right": mart.only_right,
        "changed": mart.changed,
        "changed_columns": dict(mart.changed_columns),
        "examples": [
            {
                "key": [_shown(value) for value in row.key],
                "only": row.only,
                "columns": [
                    {"column": name, "values": [_shown(value) for value in values]} for name, *values in row.cells
                ],
            }
            for row in mart.examples
        ],
        "seconds": round(mart.seconds, 3),
    }
