"""What PostgreSQL and libpq say, told apart: what the user has to change, and what may be tried again."""

from __future__ import annotations

import adbc_driver_manager
import pytest
from pydantic import SecretStr

from tandem.errors import SourceError, SourceRefused, SourceUnavailable
from tandem.sources.postgres import Server
from tandem.sources.postgres_failures import explained

PASSWORD = "p@ss word"
SERVER = Server("db.test", 5432, "shop", "public", "reader", SecretStr(PASSWORD), "prefer")


def told(said: str, sqlstate: str | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught, explained(SERVER):
        raise adbc_driver_manager.OperationalError(
            said, status_code=adbc_driver_manager.AdbcStatusCode.IO, sqlstate=sqlstate
        )
    return caught.value


@pytest.mark.parametrize(
    ("said", "sqlstate", "named"),
    [
        ('FATAL: password authentication failed for user "reader"', None, "POSTGRES_PASSWORD"),
        ("fe_sendauth: no password supplied", None, "POSTGRES_PASSWORD"),
        ('FATAL: no pg_hba.conf entry for host "10.0.0.1", no encryption', None, "POSTGRES_USER"),
        ('FATAL: database "shop" does not exist', None, "POSTGRES_DATABASE"),
        ("server does not support SSL, but SSL was required", None, "POSTGRES_SSLMODE"),
        ('server certificate for "x" does not match host name "db.test"', None, "POSTGRES_SSLMODE"),
        ("ERROR: permission denied for table orders", "42501", "grant"),
        ('ERROR: relation "orders" does not exist', "42P01", "POSTGRES_SCHEMA"),
        ("ERROR: invalid byte sequence", "22021", "looked at"),
    ],
)
def test_what_a_later_attempt_meets_again_is_refused(said: str, sqlstate: str | None, named: str) -> None:
    error = told(said, sqlstate)
    assert isinstance(error, SourceRefused)
    assert named in str(error)
    assert said.removeprefix("FATAL: ").removeprefix("ERROR: ") in str(error)


@pytest.mark.parametrize(
    ("said", "sqlstate"),
    [
        ("connection refused", None),
        ("SSL SYSCALL error: EOF detected", None),
        ("SSL connection has been closed unexpectedly", None),
        ("FATAL: sorry, too many clients already", None),
        ("FATAL: canceling authentication due to timeout", None),
        ("FATAL: terminating connection due to administrator command", "57P01"),
        ("ERROR: canceling statement due to lock timeout", "55P03"),
        ("ERROR: canceling statement due to conflict with recovery", "40001"),
    ],
)
def test_what_may_pass_is_unavailable(said: str, sqlstate: str | None) -> None:
    error = told(said, sqlstate)
    assert isinstance(error, SourceUnavailable)
    assert "db.test:5432/shop" in str(error)


def test_the_drivers_words_libpqs_guesses_and_our_query_are_left_out() -> None:
    said = "INVALID_DATA: [libpq] Failed to execute: ERROR:  broken\n\tIs it on?\n\nQuery was: COPY x. SQLSTATE: 22012"
    assert "refuses: Failed to execute: ERROR: broken. A row" in str(told(said, "22012"))


def test_the_password_is_shown_in_no_form() -> None:
    shown = str(told(f"{PASSWORD} p%40ss%20word"))
    assert "*** ***" in shown
    assert PASSWORD not in repr(SERVER)


def test_everything_in_the_address_is_quoted() -> None:
    server = Server("/run/a b", 1, "d&b=c", "public", "u?ser", SecretStr(PASSWORD), "verify-full")
    assert server.uri().startswith(
        "postgresql:///?host=%2Frun%2Fa%20b&port=1&dbname=d%26b%3Dc&user=u%3Fser&password=p%40ss%20word&sslmode=verify-full&"
    )
