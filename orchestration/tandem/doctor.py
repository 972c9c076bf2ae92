"""Whether everything is there that a run needs: looked at one by one, each with what to do when it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from tandem.errors import TandemError
from tandem.settings import Settings, TargetName


@dataclass(frozen=True)
class Check:
    """One thing looked at: whether it is well, what was found, and what to do when it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def checks(settings: Settings, systems: Sequence[str]) -> Iterator[Check]:
    """Every check of the chosen environment and target, and of these systems' sources."""
    yield checked("lake", lambda: settings.lake_url)
    if settings.target is TargetName.ATHENA:
        from tandem.targets.athena.doctor import cloud_checks

        yield from cloud_checks(settings)
    for system in systems:
        for source, look in import_module(f"tandem.extract.{system}").SOURCES.items():
            yield checked(f"source {source}", partial(look, settings))


def checked(name: str, look: Callable[[], str]) -> Check:
    """The result of a look that returns what it found, or raises a TandemError: what is wrong, then what to do."""
    try:
        return Check(name, ok=True, detail=look())
    except TandemError as error:
        return found_wrong(name, error)


def found_wrong(name: str, error: TandemError) -> Check:
    """An error as a check that is not well; our messages say first what is wrong, then what to do."""
    detail, _, remedy = str(error).partition(". ")
    return Check(name, ok=False, detail=detail, remedy=remedy)
