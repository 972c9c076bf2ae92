"""Takes secrets out of texts that people will read, and out of errors on their way to a log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

from tandem.errors import TandemError

HIDDEN = "********"
# User and password before the last @ of an address's host part.
_USER_INFO = re.compile(r"(?<=//)[^\s/]+@")


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text without these values, as they are or as an address writes them, and without users of addresses."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret)) if form}
    # A longer value first: one may be part of another.
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return _USER_INFO.sub(f"{HIDDEN}@", text)


@contextmanager
def no_secret_leaves(secrets: Iterable[str]) -> Iterator[None]:
    """Take these values out of the texts of an error that leaves the block, and of those that led to it.

    Whoever runs a task logs its error, some of them without masking. An error that cannot be changed becomes a
    TandemError of the same text.
    """
    known = list(secrets)
    try:
        yield
    except Exception as error:
        for one in _chain(error):
            one.args = tuple(scrubbed(part, known) if isinstance(part, str) else part for part in one.args)
        if any(scrubbed(str(one), known) != str(one) for one in _chain(error)):
            raise TandemError(scrubbed(f"{type(error).__name__}: {error}", known)) from None
        raise


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that led to it, each once."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and not any(one is known for known in seen):
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    yield from seen
