"""The command line: every verb explains itself and is in the documentation; errors are one message."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from tandem.cli import VERBS, tandem

OPERATIONS = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", VERBS)
def test_verb_has_help(verb: str) -> None:
    answer = CliRunner().invoke(tandem, [verb, "--help"])
    assert answer.exit_code == 0, answer.output
    assert import_module(f"tandem.cli.{verb.replace(chr(45), chr(95))}").command.help


@pytest.mark.parametrize("verb", VERBS)
def test_verb_is_in_the_documentation(verb: str) -> None:
    assert re.search(rf"`tandem {verb}\b", OPERATIONS)


def test_help_imports_no_verb() -> None:
    code = (
        "import sys\nfrom tandem.cli import tandem\ntry:\n    tandem(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(any(name.startswith('tandem.cli.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["run", "--date", "2025-11-20", "--from", "2025-11-19"], "DATE", id="day and window"),
        pytest.param(["run", "--from", "2025-11-19"], "belong together", id="half a window"),
        pytest.param(["run", "weather"], "Allowed: ecommerce, openaq", id="unknown pipeline"),
        pytest.param(["run", "openaq", "--from", "2025-11-20", "--to", "2025-11-19"], "ends before", id="backwards"),
        pytest.param(["rehearse", "openaq"], "make rehearse TARGET=athena", id="a rehearsal in dev"),
        pytest.param(["prod-run", "openaq"], "make prod-run TARGET=athena", id="production in dev"),
        pytest.param(["quarantine", "show", "yesterday"], "system/entity/YYYY-MM-DD", id="no partition"),
    ],
)
def test_wrong_input_is_one_message_and_exit_2(tandem_home: Path, arguments: list[str], words: str) -> None:
    command = [sys.executable, "-c", "from tandem.cli import main; main()", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2, answer.stderr
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr
