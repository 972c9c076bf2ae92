"""What tasks do when they fail: how often they are tried again, how long after, for which errors, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from tandem.dags.alerts import alert_failure, alert_retry
from tandem.errors import LeaseHeld, SchemaChanged, SettingsError, SourceRefused, ValidationFailed
from tandem.settings import settings

RETRIES = 2
LONGEST_DELAY = timedelta(minutes=30)
LONGEST_TASK = timedelta(hours=2)

# A wrong key or setting, a source of another shape, or data that fails its checks, is the same a minute later.
FAIL_AT_ONCE = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=LeaseHeld, action=RetryAction.RETRY),
        RetryRule(exception=[SettingsError, SourceRefused, SchemaChanged, ValidationFailed], action=RetryAction.FAIL),
    ]
)


def default_args(*, backoff: bool = True, timeout: timedelta = LONGEST_TASK) -> dict[str, Any]:
    """Task defaults of every DAG: two retries after the set delay, with `backoff` doubled up to 30 minutes."""
    return {
        "retries": RETRIES,
        "retry_delay": timedelta(seconds=settings().retry_delay_seconds),
        "retry_exponential_backoff": backoff,
        "max_retry_delay": LONGEST_DELAY,
        "retry_policy": FAIL_AT_ONCE,
        "execution_timeout": timeout,
        "on_failure_callback": alert_failure,
        "on_retry_callback": alert_retry,
    }


def retries_of_tests() -> dict[str, Any]:
    """Data tests are tried once more, after 3 minutes where others wait 5: what fails twice is in the data."""
    return {"retries": 1, "retry_delay": timedelta(seconds=settings().retry_delay_seconds * 3 / 5)}
