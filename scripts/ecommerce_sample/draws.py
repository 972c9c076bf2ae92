"""Chance and time for the generator: only `random()` and plain arithmetic, so that every machine draws the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import TypeVar

Chosen = TypeVar("Chosen")
DAY = 86_400
EPOCH = date(1970, 1, 1)
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def below(random: Random, limit: int) -> int:
    """A whole number from 0 up to but not including the limit."""
    return int(random.random() * limit)


def early(random: Random, limit: int, bias: float) -> int:
    """A whole number below the limit, the more often a small one the nearer the bias is to 1."""
    drawn = random.random()
    return int(drawn * (1 - bias + bias * drawn) * limit)


def one_of(random: Random, choices: Sequence[Chosen]) -> Chosen:
    """One of the choices, each as likely as the other."""
    return choices[int(random.random() * len(choices))]


def weighted(random: Random, choices: Sequence[tuple[Chosen, float]]) -> Chosen:
    """One of the choices by its share; the shares add up to 1, and the last takes what is missing."""
    drawn = random.random()
    for choice, share in choices:
        drawn -= share
        if drawn < 0:
            return choice
    return choices[-1][0]


def stripe_id(prefix: str, *named: object) -> str:
    """An id in Stripe's form that follows from what it names."""
    number = int.from_bytes(blake2b("-".join(map(str, named)).encode(), digest_size=16).digest(), "big")
    letters = []
    for _ in range(20):
        number, digit = divmod(number, 62)
        letters.append(BASE62[digit])
    return f"{prefix}_3{''.join(letters)}"


def midnight(day: date) -> int:
    """The second at which a day begins in UTC."""
    return (day - EPOCH).days * DAY


def day_of(second: int) -> date:
    """The UTC day of a second."""
    return EPOCH + timedelta(days=second // DAY)


def stamp(second: int, micros: int = 0, zone: str = "") -> str:
    """A point in time as PostgreSQL reads it."""
    clock = second % DAY
    text = f"{_date(second // DAY)} {clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}"
    return f"{text}.{micros:06}{zone}" if micros else f"{text}{zone}"


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    return datetime.fromtimestamp(days * DAY, UTC).strftime("%Y-%m-%d")
