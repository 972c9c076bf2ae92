"""The Trino client against a scripted transport: pages, errors, cancelling. No socket is opened."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tandem.errors import StandinError, TrinoError
from tandem.standins.trino import client
from tandem.standins.trino.client import Trino

URL = "http://127.0.0.1:8080"
COLUMNS = [{"name": "n", "type": "bigint"}]


class Script:
    """Answers by turns and keeps what was asked; an answer without `last` has a next page."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = list(replies)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.method == "DELETE":
            return httpx.Response(204)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.asked]


def answer(*, last: bool = False, **more: Any) -> httpx.Response:
    following = {} if last else {"nextUri": f"{URL}/v1/statement/executing/q1/x/1"}
    return httpx.Response(200, json={"id": "q1", "stats": {"physicalInputBytes": 7}, **following, **more})


def failure(name: str, **more: Any) -> httpx.Response:
    return answer(last=True, error={"errorName": name, "errorType": "USER_ERROR", "message": "it failed", **more})


def trino(script: Script, url: str = URL) -> Trino:
    return Trino(url, transport=httpx.MockTransport(script))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0.0)


def test_pages_are_put_together_with_the_columns_and_the_last_figures() -> None:
    script = Script(
        answer(),
        answer(columns=COLUMNS, data=[[1], [2]]),
        answer(columns=COLUMNS, data=[[3]]),
        answer(last=True, updateType="INSERT", updateCount=3),
    )
    result = trino(script).execute("select n")
    assert result.rows == [[1], [2], [3]]
    assert result.columns == [("n", "bigint")]
    assert (result.update_type, result.update_count, result.bytes_scanned) == ("INSERT", 3, 7)
    assert script.asked[0].content == b"select n"


def test_a_statement_without_rows_gives_one_page_that_knows_its_columns() -> None:
    pages = list(trino(Script(answer(columns=COLUMNS), answer(last=True))).pages("select n where false"))
    assert [(page.columns, page.rows) for page in pages] == [([("n", "bigint")], [])]


def test_floats_keep_the_text_that_trino_wrote() -> None:
    body = json.dumps({"id": "q1", "stats": {}, "columns": COLUMNS, "data": [[0]]}).replace(
        "[[0]]", "[[1.0E10, [0.1]]]"
    )
    ((number, nested),) = trino(Script(httpx.Response(200, text=body))).execute("select 1e10").rows
    assert (number, str(number), f"{nested}") == (1e10, "1.0E10", "[0.1]")


def test_an_error_of_trino_keeps_its_name_and_place() -> None:
    script = Script(failure("SYNTAX_ERROR", errorLocation={"lineNumber": 3, "columnNumber": 9}))
    with pytest.raises(TrinoError, match="it failed") as raised:
        trino(script).execute("selec")
    error = raised.value
    assert (error.name, error.kind, error.line, error.column) == ("SYNTAX_ERROR", "USER_ERROR", 3, 9)
    assert script.methods == ["POST"]


def test_an_error_without_a_place_has_none() -> None:
    with pytest.raises(TrinoError) as raised:
        trino(Script(failure("DIVISION_BY_ZERO"))).execute("select 1/0")
    assert (raised.value.line, raised.value.column) == (None, None)


def test_a_server_without_workers_is_asked_again_and_the_new_id_told() -> None:
    started: list[str] = []
    script = Script(failure("NO_NODES_AVAILABLE"), answer(last=True, columns=COLUMNS, data=[[1]]))
    assert trino(script).execute("select 1", on_started=started.append).rows == [[1]]
    assert started == ["q1", "q1"]


def test_a_server_that_stays_without_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "NO_WORKER_SECONDS", 0.0)
    with pytest.raises(TrinoError) as raised:
        trino(Script(*[failure("NO_NODES_AVAILABLE") for _ in range(9)])).execute("select 1")
    assert raised.value.name == "NO_NODES_AVAILABLE"


def test_a_busy_server_is_asked_again() -> None:
    assert trino(Script(httpx.Response(503), answer(last=True, data=[[1]]))).execute("select 1").rows == [[1]]


def test_to_stop_reading_cancels_the_statement() -> None:
    script = Script(answer(columns=COLUMNS, data=[[1]]))
    pages = trino(script).pages("select n")
    next(pages)
    pages.close()
    assert script.methods == ["POST", "DELETE"]
    assert script.asked[-1].url.path == "/v1/statement/executing/q1/x/1"


def test_a_statement_can_be_cancelled_before_trino_knows_its_id() -> None:
    script = Script(answer())
    client = trino(script)
    with pytest.raises(TrinoError) as raised:
        client.execute("select n", on_started=client.cancel)
    assert raised.value.name == "USER_CANCELED"
    assert [request.url.path for request in script.asked[1:]] == ["/v1/query/q1", "/v1/statement/executing/q1/x/1"]


def test_a_listener_that_fails_cancels_the_statement() -> None:
    def refuse(_: str) -> None:
        raise RuntimeError("no room")

    script = Script(answer())
    with pytest.raises(RuntimeError):
        trino(script).execute("select n", on_started=refuse)
    assert script.methods == ["POST", "DELETE"]


def test_a_statement_that_was_read_to_its_end_is_not_cancelled() -> None:
    script = Script(answer(last=True))
    trino(script).execute("select n")
    assert script.methods == ["POST"]


def test_catalogue_schema_and_session_go_as_headers() -> None:
    script = Script(answer(last=True))
    trino(script).execute("select 1", "iceberg", "märts", {"iceberg.compression_codec": "ZSTD", "x": "a,b=c"})
    headers = dict(script.asked[0].headers.raw)
    assert headers[b"X-Trino-Catalog"] == b"iceberg"
    assert headers[b"X-Trino-Schema"] == "märts".encode()
    assert headers[b"X-Trino-Session"] == b"iceberg.compression_codec=ZSTD,x=a%2Cb%3Dc"


def test_a_server_that_is_not_there_is_an_error_without_the_password() -> None:
    script = Script(httpx.ConnectError("refused"))
    with pytest.raises(StandinError, match=r"http://127\.0\.0\.1:8080 does not answer") as raised:
        trino(script, "http://me:pa55word@127.0.0.1:8080/").execute("select 1")
    assert "pa55word" not in str(raised.value)
    assert script.asked[0].headers["authorization"].startswith("Basic ")


def test_an_answer_that_is_no_statement_is_an_error() -> None:
    with pytest.raises(StandinError, match="answered 401: who are you"):
        trino(Script(httpx.Response(401, text="who are you"))).execute("select 1")
