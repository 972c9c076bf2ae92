"""What a run says at its end: a page for people (`write_report`) and a summary in the terminal (`render_terminal`)."""

from tandem.report.blocks import Section
from tandem.report.page import link_pages, write_report
from tandem.report.summary import Model, Paths, RunSummary, Span, Task, Tests
from tandem.report.terminal import render_terminal

__all__ = [
    "Model",
    "Paths",
    "RunSummary",
    "Section",
    "Span",
    "Task",
    "Tests",
    "link_pages",
    "render_terminal",
    "write_report",
]
