"""Secrets are taken out of texts, in every form that an address gives them."""

from __future__ import annotations

import pytest

from tandem.errors import SourceUnavailable, TandemError
from tandem.scrub import HIDDEN, no_secret_leaves, scrubbed

SECRETS = ["p@ss/word", "sk_live_12345", "sk_live_12345_longer"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("key sk_live_12345 refused", f"key {HIDDEN} refused", id="as it is"),
        pytest.param("key sk_live_12345_longer refused", f"key {HIDDEN} refused", id="longer one first"),
        pytest.param("password=p%40ss%2Fword", f"password={HIDDEN}", id="quoted"),
        pytest.param("at postgresql://shop:x@db:5432/shop", f"at postgresql://{HIDDEN}@db:5432/shop", id="user info"),
        pytest.param("http://u:a@b@host/path@2", f"http://{HIDDEN}@host/path@2", id="at sign in a password"),
        pytest.param("https://host/path?mail=a@b", "https://host/path?mail=a@b", id="no user info"),
    ],
)
def test_secrets_and_users_of_addresses_are_hidden(text: str, expected: str) -> None:
    assert scrubbed(text, SECRETS) == expected


def test_an_unset_secret_changes_nothing() -> None:
    assert scrubbed("all is well", [""]) == "all is well"


def test_an_error_leaves_as_it_is_but_without_secrets() -> None:
    with pytest.raises(SourceUnavailable) as raised, no_secret_leaves(SECRETS):
        refuse("sk_live_12345", "no answer with p@ss/word")
    assert str(raised.value) == f"no answer with {HIDDEN}"
    assert str(raised.value.__cause__) == f"key {HIDDEN}"


def test_an_error_that_keeps_its_text_elsewhere_is_replaced() -> None:
    with pytest.raises(TandemError, match=r"^FileNotFoundError: .*/\*{8}'$") as raised, no_secret_leaves(SECRETS):
        raise FileNotFoundError(2, "No such file", "/folder/sk_live_12345")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_error_without_a_secret_is_the_same_error() -> None:
    error = SourceUnavailable("no answer")
    with pytest.raises(SourceUnavailable) as raised, no_secret_leaves(SECRETS):
        raise error
    assert raised.value is error


def refuse(key: str, message: str) -> None:
    raise SourceUnavailable(message) from ValueError(f"key {key}")
