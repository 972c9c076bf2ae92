"""Fetching Trino's jars from a repository on this machine that fails in the ways repositories do."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tandem.errors import StandinError
from tandem.standins.trino import download, jars
from tandem.standins.trino.jars import Jar, fetch, jar_folder, missing

CONTENT = {f"part{n}": bytes([n]) * 700_000 for n in range(3)}
LOCK = tuple(
    Jar("org.example", name, "1", "", ("lib",), len(body), hashlib.sha256(body).hexdigest())
    for name, body in CONTENT.items()
)
Answer = tuple[int, bytes, int]  # status, body, the length that is promised


class Repository:
    """Serves the jars by the layout of a Maven repository; `faults` replace its next answers."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.faults: dict[str, list[Answer]] = {}
        self.hold = threading.Event()
        self.hold.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> Answer:
        _, _, _, name, version, file = path.split("/")
        assert file == f"{name}-{version}.jar"
        self.asked[name] += 1
        self.hold.wait(10)
        if self.faults.get(name):
            return self.faults[name].pop(0)
        return 200, CONTENT[name], len(CONTENT[name])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer_to: Callable[[str], Answer] = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, length = answer_to(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setattr(jars, "read_lock", lambda: LOCK)
    monkeypatch.setattr(download, "FIRST_WAIT_SECONDS", 0.0)
    serving = Repository()
    thread = threading.Thread(target=serving.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield serving
    serving.server.shutdown()
    thread.join()
    serving.server.server_close()


def lies_in(cache: Path) -> set[str]:
    return {str(path.relative_to(cache / "trino")) for path in (cache / "trino").rglob("*")} - {"lock", "jars"}


def whole() -> set[str]:
    return {f"jars/{jar.name}" for jar in LOCK}


def test_a_fetch_brings_every_jar_once_and_tells_how_far_it_is(repository: Repository, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    assert fetch(tmp_path, repository.url, lambda done, total: told.append((done, total))) == 3
    assert fetch(tmp_path, repository.url) == 0
    assert missing(tmp_path) == []
    assert lies_in(tmp_path) == whole()
    assert set(repository.asked.values()) == {1}
    assert told == sorted(told)
    assert told[-1] == (2_100_000, 2_100_000)


def test_a_fetch_goes_on_where_another_was_cut(repository: Repository, tmp_path: Path) -> None:
    fetch(tmp_path, repository.url)
    (jar_folder(tmp_path) / LOCK[1].name).unlink()
    abandoned = tmp_path / "trino" / "draft" / LOCK[1].name
    abandoned.parent.mkdir()
    abandoned.write_bytes(b"half")
    told: list[int] = []
    fetch(tmp_path, repository.url, lambda done, _: told.append(done))
    assert repository.asked == {"part0": 1, "part1": 2, "part2": 1}
    assert told[0] > 1_400_000
    assert lies_in(tmp_path) == whole()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param((503, b"", 0), id="busy"),
        pytest.param((429, b"", 0), id="throttled"),
        pytest.param((200, b"x" * 300_000, 700_000), id="cut"),
        pytest.param((200, b"<html>log in</html>", 19), id="another page"),
    ],
)
def test_a_transfer_that_fails_is_tried_again(repository: Repository, tmp_path: Path, fault: Answer) -> None:
    told: list[int] = []
    repository.faults["part1"] = [fault, fault]
    fetch(tmp_path, repository.url, lambda done, _: told.append(done))
    assert repository.asked["part1"] == 3
    assert missing(tmp_path) == []
    assert told[-1] == 2_100_000


def test_a_jar_with_another_hash_is_refused_and_the_others_stay(repository: Repository, tmp_path: Path) -> None:
    other = b"y" * 700_000
    repository.faults["part2"] = [(200, other, len(other))] * 9
    with pytest.raises(StandinError, match=r"org\.example:part2:1 could not be fetched: .*SHA-256 .* Run tandem"):
        fetch(tmp_path, repository.url)
    assert lies_in(tmp_path) == whole() - {f"jars/{LOCK[2].name}"}


def test_a_repository_without_the_jar_is_asked_once_and_the_setting_named(
    repository: Repository, tmp_path: Path
) -> None:
    repository.faults["part0"] = [(404, b"", 0)] * 9
    with pytest.raises(StandinError, match=r"org\.example:part0:1 .*404.* TANDEM_MAVEN_REPOSITORY"):
        fetch(tmp_path, repository.url)
    assert repository.asked["part0"] == 1


def test_a_password_in_the_address_is_used_and_not_shown(repository: Repository, tmp_path: Path) -> None:
    repository.faults["part0"] = [(404, b"", 0)] * 9
    with pytest.raises(StandinError) as raised:
        fetch(tmp_path, repository.url.replace("//", "//me:pa55word@"))
    assert "pa55word" not in str(raised.value)


def test_two_fetches_at_once_bring_each_jar_once(repository: Repository, tmp_path: Path) -> None:
    repository.hold.clear()
    fetches = [threading.Thread(target=fetch, args=(tmp_path, repository.url)) for _ in range(2)]
    for running in fetches:
        running.start()
    repository.hold.set()
    for running in fetches:
        running.join()
    assert missing(tmp_path) == []
    assert set(repository.asked.values()) == {1}


def test_a_damaged_jar_is_found_named_and_fetched_again(repository: Repository, tmp_path: Path) -> None:
    fetch(tmp_path, repository.url)
    damaged = jar_folder(tmp_path) / LOCK[0].name
    damaged.write_bytes(b"z" * LOCK[0].bytes)
    with pytest.raises(StandinError, match=r"org\.example:part0:1\. Run: tandem standins fetch"):
        jars.check(tmp_path)
    assert missing(tmp_path) == [LOCK[0]]
    fetch(tmp_path, repository.url)
    jars.check(tmp_path)


def test_nobody_listening_is_an_error_that_says_what_to_do(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(StandinError, match="TANDEM_MAVEN_REPOSITORY"):
        fetch(tmp_path, "http://127.0.0.1:9")


def test_a_cache_that_cannot_be_written_is_an_error_that_names_the_setting(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StandinError, match="TANDEM_CACHE"):
        fetch(tmp_path / "file", repository.url)
