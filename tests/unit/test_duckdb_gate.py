"""The gate lets one holder in at a time, says who it is, and opens when its process dies."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tandem.errors import WarehouseError
from tandem.targets.duckdb.gate import Gate

HOLD = """
import sys
from pathlib import Path
from tandem.targets.duckdb.gate import Gate
with Gate(Path(sys.argv[1]), 5).held("dbt build marts"):
    print("in", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "state" / "warehouse.lock"


@pytest.fixture
def other_process(lock: Path):
    command = [sys.executable, "-c", HOLD, str(lock)]
    source = str(Path(__file__).parents[2] / "orchestration")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
    ) as process:
        assert process.stdout.readline() == "in\n"
        yield process
        process.kill()


def test_a_second_process_is_told_who_holds_the_gate(lock, other_process):
    with (
        pytest.raises(WarehouseError, match=rf"dbt build marts \(process {other_process.pid}, since 20"),
        Gate(lock, 0.1).held("query"),
    ):
        pass


def test_a_waiting_process_enters_when_the_holder_leaves(lock, other_process):
    threading.Timer(0.1, lambda: (other_process.stdin.write("\n"), other_process.stdin.flush())).start()
    with Gate(lock, 10).held("publish"):
        assert '"publish"' in lock.read_text()


def test_the_gate_opens_when_the_holder_is_killed(lock, other_process):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    with Gate(lock, 1).held("publish"):
        pass


def test_the_thread_that_holds_the_gate_may_enter_again(lock):
    with Gate(lock, 0.1).held("outer"), Gate(lock, 0.1).held("inner"):
        assert '"outer"' in lock.read_text()
    with Gate(lock, 0.1).held("later"):
        assert '"later"' in lock.read_text()


def test_another_thread_of_this_process_is_told_who_holds_the_gate(lock):
    refusals = []

    def enter():
        try:
            with Gate(lock, 0.1).held("second"):
                pass
        except WarehouseError as error:
            refusals.append(str(error))

    with Gate(lock, 0.1).held("first"):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(refusals) == 1
    assert "in use: first" in refusals[0]


def test_an_error_inside_the_block_opens_the_gate(lock):
    with pytest.raises(ZeroDivisionError), Gate(lock, 0.1).held("broken"):
        raise ZeroDivisionError
    with Gate(lock, 0.1).held("next"):
        pass


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")
    with (
        pytest.raises(WarehouseError, match=r"Cannot write .*TANDEM_HOME"),
        Gate(tmp_path / "state" / "lock", 0).held("x"),
    ):
        pass
