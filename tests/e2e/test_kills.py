"""Runs that are killed, at a chosen moment and at random ones."""

from __future__ import annotations

import random
from argparse import Namespace

import pytest
from homes import FIRST, LAST, CalmRun, Home, kill, wait_for, window

import kill_runs

WINDOW = Namespace(pipeline="openaq", first=FIRST, last=LAST)


def test_killed_between_publish_and_dbt_the_next_days_run_builds_both_days(empty_home: Home) -> None:
    killed = empty_home.start(*window("2025-11-01", "2025-11-01"))
    wait_for(lambda: empty_home.ended("catalog"), killed)
    kill(killed)
    kill_runs.wait_until_gone(empty_home.path)
    assert not empty_home.ended("dbt_marts")

    empty_home.run("2025-11-02", "2025-11-02")
    manifests = empty_home.manifests("measurements")
    assert list(manifests) == ["2025-11-01", "2025-11-02"]
    assert empty_home.rows_per_day() == {day: manifest["rows"] for day, manifest in manifests.items()}


@pytest.mark.parametrize("part", [0, 1, 2])
def test_killed_at_a_random_moment_the_next_run_gives_the_same_marts(
    part: int, empty_home: Home, calm_home: Home, calm_run: CalmRun
) -> None:
    moment = random.uniform(part, part + 1) / 3 * calm_run.seconds
    wrong = kill_runs.after_kill(empty_home.path, WINDOW, moment, kill_runs.marts(calm_home.path, WINDOW.pipeline))
    assert not wrong, f"killed after {moment:.1f} s: {wrong}"
