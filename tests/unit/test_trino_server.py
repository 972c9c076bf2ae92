"""What is said about a Trino that did not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tandem.standins.trino.server import _reason


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        pytest.param(
            "Exception in thread main\n\tat x.Y(Y.java:1)\nCaused by: java.io.IOException: Failed to bind\n"
            "\tat x.Z(Z.java:2)\nCaused by: java.net.BindException: Address already in use\n\tat x.Main(Main.java:3)\n"
            '\t... 9 more\nCaused by: X (same stack trace as error #2)\n======\nNet:  "sun.nio.ch.Net"\n======\n',
            "Caused by: java.net.BindException: Address already in use",
            id="innermost cause",
        ),
        pytest.param(
            "Errors:\n\n1) Configuration property 'x' was not used\n\n==========\n",
            "1) Configuration property 'x' was not used",
            id="configuration",
        ),
        pytest.param(
            "Error: Could not create the Java Virtual Machine.\nIt ends.\n",
            "Error: Could not create the Java Virtual Machine.",
            id="JVM",
        ),
        pytest.param("starting\nTerminating due to OutOfMemory\n\n", "Terminating due to OutOfMemory", id="last line"),
        pytest.param("", "(it says nothing)", id="nothing"),
    ],
)
def test_the_reason_is_found_among_frames_and_legends(tmp_path: Path, log: str, reason: str) -> None:
    (tmp_path / "trino.log").write_text(log)
    assert _reason(tmp_path / "trino.log") == reason
