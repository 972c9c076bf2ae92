"""Retries: how often, how long between, and for which errors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from tandem.errors import LeaseHeld, SettingsError, SourceRefused, ValidationFailed
from tandem.settings import settings

RETRIES = 2
LONGEST_DELAY = timedelta(minutes=30)

# A wrong key or setting, or data that fails its checks, is the same a minute later.
FAIL_AT_ONCE = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=LeaseHeld, action=RetryAction.RETRY),
        RetryRule(exception=[SettingsError, SourceRefused, ValidationFailed], action=RetryAction.FAIL),
    ]
)


def default_args() -> dict[str, Any]:
    """Task defaults of every DAG: two retries, exponential, from the set delay up to 30 minutes."""
    return {
        "retries": RETRIES,
        "retry_delay": timedelta(seconds=settings().retry_delay_seconds),
        "retry_exponential_backoff": True,
        "max_retry_delay": LONGEST_DELAY,
        "retry_policy": FAIL_AT_ONCE,
        "execution_timeout": timedelta(hours=2),
    }
