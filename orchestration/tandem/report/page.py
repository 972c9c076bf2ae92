"""The page: one HTML file that needs no network and no script, replaced whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from urllib.parse import quote

from tandem.errors import TandemError
from tandem.report.blocks import Cell, Section
from tandem.report.run import run_section
from tandem.report.summary import RunSummary
from tandem.report.words import duration

_HERE = Path(__file__).parent
_BESIDE = re.compile(r'<nav class="beside".*?</nav>', re.DOTALL)


def write_report(path: Path, run: RunSummary, sections: Sequence[Section]) -> None:
    """Write the page of a run: what the sections say, then what happened in the run.

    Raises TandemError when the folder cannot be written; the previous page then stands unchanged.
    """
    page = render_page(run, sections)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, page)


def link_pages(pages: Iterable[Path]) -> None:
    """Let each of these pages, all in one folder, link the others; those that are not there yet are left out.

    Raises TandemError when a page cannot be written; that page then stands unchanged.
    """
    there = [page for page in pages if page.exists()]
    for page in there:
        with _explained(page):
            text = page.read_text(encoding="utf-8")
            linked = _beside(other for other in there if other != page).join(_BESIDE.split(text, maxsplit=1))
            if linked != text:
                _replace(page, linked)


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
        beside=_beside([]),
        sections=[*sections, run_section(run)],
    )


def _beside(pages: Iterable[Path]) -> str:
    """The links to other pages; hidden while there is none."""
    links = " ".join(f'<a href="{quote(page.name)}">{escape(page.stem)}</a>' for page in pages)
    return f'<nav class="beside" aria-label="Other systems"{"" if links else " hidden"}>Other systems: {links}</nav>'


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TandemError(
            f"The report {path} cannot be written: {error.strerror or error}. "
            "Make room or allow writing there, then run again."
        ) from error


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
