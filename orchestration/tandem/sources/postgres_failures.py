"""What went wrong at a PostgreSQL, in words that name the setting to look at, and without its password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import adbc_driver_manager
import pyarrow as pa

from tandem.errors import SourceError, SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    from tandem.sources.postgres import Server

# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOGIN = "Check POSTGRES_USER and POSTGRES_PASSWORD, and whether the server lets this user in from here."
DATABASE = "Check POSTGRES_DATABASE."
RIGHTS = "Let POSTGRES_USER read it: grant usage on the schema and select on the table."
TABLE = "Check POSTGRES_DATABASE and POSTGRES_SCHEMA."
ENCRYPTION = "Set POSTGRES_SSLMODE to what the server offers, or have the server offer it."
REFUSED = {
    "28": LOGIN,
    "3D": DATABASE,
    "3F": TABLE,
    "42501": RIGHTS,
    "42": TABLE,
    "22": "A row or a view of the source cannot be read; have it looked at there.",
}
# While connecting, libpq gives a text and no code; the server's part of it may be in the server's language. A broken
# encrypted connection speaks of SSL too, and may be tried again.
TOLD = (
    (r"password authentication|authentication failed|no password|pg_hba\.conf|role \".*\" (does not|is not)", LOGIN),
    (r"database \".*\" does not exist|permission denied for database", DATABASE),
    (r"does not support SSL|certificate", ENCRYPTION),
    (r"forbidden value|invalid percent-encoded|invalid port|invalid sslmode", "Check the POSTGRES_* settings."),
)
AGAIN = "Run again when it is back, or check POSTGRES_HOST and POSTGRES_PORT."


@contextmanager
def explained(server: Server) -> Iterator[None]:
    """Turn what the driver raises inside the block into SourceRefused or SourceUnavailable."""
    try:
        yield
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        raise _explain(server, error) from None


def _explain(server: Server, error: Exception) -> SourceError:
    said, remedy = _without_password(server, _told(error)), _remedy(error)
    if remedy:
        return SourceRefused(f"PostgreSQL at {server} refuses: {said}. {remedy}")
    return SourceUnavailable(f"PostgreSQL at {server} does not answer, or broke off: {said}. {AGAIN}")


def _remedy(error: Exception) -> str:
    """What to do about an error that a later attempt meets again; empty when a later attempt may succeed."""
    state = getattr(error, "sqlstate", None)
    if state:
        return REFUSED.get(state) or REFUSED.get(state[:2], "")
    text = str(error)
    return next((remedy for pattern, remedy in TOLD if re.search(pattern, text)), "")


def _told(error: Exception) -> str:
    """What the server or libpq said, in one line, without the driver's words around it and our query."""
    text = str(error).partition("Query was:")[0]
    text = re.sub(r"^.*?\[libpq\] |^[A-Z_]+: ", "", text.strip(), flags=re.DOTALL)
    # Indented lines are libpq's guesses.
    return re.sub(r"\s+", " ", re.sub(r"\n\t.*", "", text)).strip().rstrip(".")


def _without_password(server: Server, text: str) -> str:
    password = server.password.get_secret_value()
    for form in filter(None, (password, quote(password, safe=""))):
        text = text.replace(form, "***")
    return text
