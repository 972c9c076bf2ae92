"""The page: one HTML file that needs no network and no script, replaced whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tandem.errors import TandemError
from tandem.report.blocks import Cell, Section
from tandem.report.run import run_section
from tandem.report.summary import RunSummary, duration

_HERE = Path(__file__).parent


def write_report(path: Path, run: RunSummary, sections: Sequence[Section]) -> None:
    """Write the page of a run: what the sections say, then what happened in the run.

    Raises TandemError when the folder cannot be written; the previous page then stands unchanged.
    """
    page = render_page(run, sections)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, page)
    except OSError as error:
        raise TandemError(
            f"The report {path} cannot be written: {error.strerror or error}. "
            "Make room or allow writing there, then run again."
        ) from error


def render_page(run: RunSummary, sections: Sequence[Section]) -> str:
    """The page as text; all data in it is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = lambda value: value if isinstance(value, Cell) else Cell(str(value))
    environment.filters["trusted"] = Markup
    return environment.get_template("page.html.j2").render(
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
        run=run,
        duration=duration(run.seconds),
        sections=[*sections, run_section(run)],
    )


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
