"""What a lint says of the dbt project."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a target refuses or that targets read differently: where, and why.

    `path` is relative to the project's folder; `line` counts from 1, and is None where no line is known.
    """

    path: str
    line: int | None
    message: str
    model: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.message}"
