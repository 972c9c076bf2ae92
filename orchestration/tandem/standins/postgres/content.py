"""What a PostgreSQL stand-in holds: statements, and CSV files that are loaded between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Content:
    """`before` makes the tables, `files` maps a table to the CSV file (with a header) it is filled from by COPY,
    and `after` is for what is better made when they are full: indexes, constraints, views; all in one `database`.
    """

    before: str = ""
    files: dict[str, str] = field(default_factory=dict)
    after: str = ""
    database: str = "postgres"

    @classmethod
    def of_folder(cls, folder: Path, schema: str = "public", **more: Any) -> Content:
        """The tables of a folder: each CSV file fills the table of its name."""
        files = {f"{schema}.{file.stem}": str(file.resolve()) for file in sorted(folder.glob("*.csv"))}
        return cls(files=files, **more)
