"""Clients for dbt-athena at little cost: it makes a boto3 session for each node that it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import botocore.session


@contextmanager
def descriptions_read_once() -> Iterator[None]:
    """Let the botocore sessions that are made meanwhile share one reader of the services' descriptions.

    They are some 60 ms of JSON for each node, more than most statements take to send.
    """
    original = botocore.session.create_loader
    botocore.session.create_loader = lru_cache(original)
    try:
        yield
    finally:
        botocore.session.create_loader = original
