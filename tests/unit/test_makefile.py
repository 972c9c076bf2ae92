"""Makefile, set-up and locks: every verb is explained, what is pinned agrees, no address is committed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.settings import PROJECT

sys.path.insert(0, str(PROJECT / "scripts"))
from setup_environment import uv_settings

MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
VERBS = re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)
LOCKS = sorted((PROJECT / "requirements").glob("*.txt"))


def make(*arguments: str) -> str:
    answer = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=PROJECT, env=dict(os.environ), capture_output=True, text=True
    )
    assert "warning" not in answer.stderr, answer.stderr
    return answer.stdout


def test_help_is_the_default_and_lists_every_verb() -> None:
    listed = re.findall(r"^  make (\S+)", make(), re.MULTILINE)
    assert listed == VERBS


def test_recipes_have_at_most_three_lines() -> None:
    recipes = re.findall(r"^\S+:.*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE)
    assert max(recipe.count("\n") for recipe in recipes) <= 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], "tandem run", id="every-pipeline"),
        pytest.param(["PIPELINE=openaq"], 'tandem run "$PIPELINE"', id="one-pipeline"),
        pytest.param(["DATE=2025-11-20"], '--date "$DATE"', id="one-day"),
        pytest.param(["FROM=2025-11-01", "TO=2025-11-03"], '--from "$FROM" --to "$TO"', id="window"),
    ],
)
def test_dev_hands_its_days_to_the_runner(arguments: list[str], expected: str) -> None:
    assert expected in make("-n", "dev", *arguments)


@pytest.mark.parametrize("verb", ["rehearse", "prod-run"])
def test_a_verb_of_the_cloud_asks_for_its_target(verb: str) -> None:
    assert "TARGET is not set" in make("-n", verb)
    assert f'TANDEM_TARGET="$TARGET" ./entrypoint.sh tandem {verb}' in make("-n", verb, "TARGET=athena")


def test_bootstrap_installs_the_uv_that_the_lock_pins() -> None:
    pins = {re.search(r"^uv==\S+", path.read_text(), re.MULTILINE)[0] for path in LOCKS if path.stem != "bench"}  # type: ignore[index]
    assert len(pins) == 1


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_has_a_hash_for_every_pin_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    pins = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert not re.search(r"https?://|file:|--index|--find-links", text)


def test_benchmark_measures_the_versions_that_the_project_runs() -> None:
    pinned = [dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(), re.MULTILINE)) for path in LOCKS]
    bench, lock = pinned[0], pinned[2]
    differing = {name for name in bench.keys() & lock.keys() if bench[name] != lock[name]}
    assert not differing
    assert {"astronomer-cosmos", "pandas", "pyarrow"} <= bench.keys()


def test_pip_configuration_is_handed_to_uv_in_its_own_words() -> None:
    pip = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "\nhttps://one.example\nhttps://two.example",
        "find-links": "/wheels /more",
        "trusted-host": "mirror.example",
        "cert": "/ca.pem",
        "user": "true",
    }
    found = uv_settings(pip)
    assert found["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert found["UV_INDEX"] == "https://one.example https://two.example"
    assert found["UV_FIND_LINKS"] == "/wheels,/more"
    assert (found["UV_INSECURE_HOST"], found["SSL_CERT_FILE"]) == ("mirror.example", "/ca.pem")


def test_setup_names_the_pythons_it_tried_when_none_fits() -> None:
    environment = {**os.environ, "PYTHON": "/nowhere/python3.9"}
    answer = subprocess.run([PROJECT / "scripts" / "setup"], env=environment, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "/nowhere/python3.9" in answer.stderr
    assert "PYTHON=/path/to/python3.12" in answer.stderr
