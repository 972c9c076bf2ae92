"""Shows a run while it goes on: a line a task, on a terminal with a bar, elsewhere when the task has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tandem.journal import Event, watched_by


class Display:
    """Context manager; while it is open, every journal event of this process is shown on `terminal`."""

    def __init__(self, terminal: TextIO) -> None:
        self.console = Console(file=terminal)
        self._instances: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        self._rows: dict[str, TaskID] = {}
        self._watch = watched_by(self.show)
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]done[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> Display:
        self._bars.start()
        self._watch.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.__exit__(kind, error, trace)
        self._bars.stop()

    def note(self, text: str) -> None:
        """Say something that is not a task."""
        self.console.print(text, style="dim", soft_wrap=True, highlight=False)

    def expect(self, instances: dict[str, int]) -> None:
        """How many instances of each mapped task there will be; a task that is not named has one."""
        self._instances = instances

    def show(self, event: Event) -> None:
        """Bring the line of the event's task up to date."""
        row = self._row(event.task)
        if event.state == "progress":
            done, total = event.facts["done"], event.facts["total"]
            share = self._ended.get(event.task, 0) + done / max(total, 1)
            self._bars.update(row, completed=share, detail=f"{done:,} of {total:,}")
        elif event.state == "failed":
            self.console.print(
                f"  failed  {event.task}  {event.message.splitlines()[0][:200]}", style="red", highlight=False
            )
        elif event.state == "success":
            self._end(event, row)

    def _end(self, event: Event, row: TaskID) -> None:
        self._ended[event.task] = ended = self._ended.get(event.task, 0) + 1
        self._seconds[event.task] = self._seconds.get(event.task, 0) + event.seconds
        expected = self._expected(event.task)
        detail = f"{ended} of {expected}" if expected > 1 else ""
        self._bars.update(row, completed=ended, detail=detail)
        if ended == expected and not self.console.is_terminal:
            self.console.print(f"  {event.task:<32} {self._seconds[event.task]:7.1f} s", highlight=False)

    def _row(self, task: str) -> TaskID:
        if task not in self._rows:
            self._rows[task] = self._bars.add_task(f"{task:<32}", total=self._expected(task), detail="")
        return self._rows[task]

    def _expected(self, task: str) -> int:
        return self._instances.get(task, 1)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error for one piece of work; yields a function (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        row = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(row, completed=done, total=total)
