"""The days of each run of a rehearsal: everything is built in full, then with one day more."""

from __future__ import annotations

import pytest

from tandem.cli.rehearse import stages


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param({}, [(None, None)], id="none"),
        pytest.param({"from": "2025-11-05", "to": "2025-11-05"}, [("2025-11-05", "2025-11-05")], id="one day"),
        pytest.param(
            {"from": "2025-10-30", "to": "2025-11-01"},
            [("2025-10-30", "2025-10-31"), ("2025-11-01", "2025-11-01")],
            id="across a month",
        ),
    ],
)
def test_the_last_day_is_a_run_of_its_own(window: dict[str, str], expected: list[tuple[str | None, ...]]) -> None:
    assert stages(window) == expected
