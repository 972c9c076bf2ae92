"""The OpenAQ stand-in over real sockets: its protocol, its faults, and that it never outlives its owner."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from tandem.cli.standins import command
from tandem.errors import SourceUnavailable
from tandem.settings import Environment, Settings, TargetName, settings
from tandem.standins import kept, sources_of, systems
from tandem.standins.faults import Fault
from tandem.standins.openaq.server import KIND, OpenAQStandin

SECONDS_TO_END = 10
DAY = {"datetime_from": "2025-11-20T00:00:00Z", "datetime_to": "2025-11-21T00:00:00Z", "limit": "1000"}
OWNER = """
import os, sys
from tandem.standins.openaq.server import OpenAQStandin
with OpenAQStandin() as standin:
    if sys.argv[1] == "forked" and os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
    print(standin.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def standin() -> Iterator[OpenAQStandin]:
    with OpenAQStandin() as running:
        yield running


@pytest.fixture
def client(standin: OpenAQStandin) -> Iterator[httpx.Client]:
    with client_of(standin) as opened:
        yield opened


def client_of(standin: OpenAQStandin) -> httpx.Client:
    headers = {"X-API-Key": standin.api_key.get_secret_value()}
    return httpx.Client(base_url=standin.base_url, headers=headers, trust_env=False, timeout=5)


def ends(standin: OpenAQStandin, sensor: int, **query: str) -> list[str]:
    with client_of(standin) as opened:
        answer = opened.get(f"/v3/sensors/{sensor}/measurements", params={**DAY, **query}).json()
    return [row["period"]["datetimeTo"]["utc"] for row in answer["results"]]


def test_equal_requests_get_equal_bytes(client: httpx.Client) -> None:
    answers = {client.get("/v3/sensors/396/measurements", params=DAY).content for _ in range(3)}
    assert len(answers) == 1


def test_periods_are_chosen_by_their_end(standin: OpenAQStandin) -> None:
    found = sorted(set(ends(standin, 9871)))
    assert (found[0], found[-1]) == ("2025-11-20T01:00:00Z", "2025-11-21T00:00:00Z")


def test_days_add_up_to_the_whole(standin: OpenAQStandin) -> None:
    apart = ends(standin, 396) + ends(
        standin, 396, datetime_from="2025-11-21T00:00:00Z", datetime_to="2025-11-22T00:00:00Z"
    )
    assert ends(standin, 396, datetime_to="2025-11-22T00:00:00Z") == apart


def test_local_time_follows_the_zone_and_its_clock_change(client: httpx.Client) -> None:
    span = {"datetime_from": "2025-10-26T00:00:00Z", "datetime_to": "2025-10-26T02:00:00Z"}
    results = client.get("/v3/sensors/9871/measurements", params=span).json()["results"]
    locals_ = [row["period"]["datetimeFrom"]["local"] for row in results]
    assert locals_[:2] == ["2025-10-26T02:00:00+02:00", "2025-10-26T02:00:00+01:00"]


def test_pages_cover_everything_and_a_full_one_only_says_there_is_more(client: httpx.Client) -> None:
    pages = [client.get("/v3/locations", params={"limit": 4, "page": page}).json() for page in (1, 2, 3, 4)]
    assert [page["meta"]["found"] for page in pages] == [">4", ">4", 9, 0]
    assert len({location["id"] for page in pages for location in page["results"]}) == 9


@pytest.mark.parametrize(
    ("query", "stations"),
    [({"iso": "ES"}, 2), ({"countries_id": "56,111"}, 5), ({"parameters_id": "102"}, 2), ({"iso": "XX"}, 0)],
)
def test_the_register_is_filtered(query: dict[str, str], stations: int, client: httpx.Client) -> None:
    assert len(client.get("/v3/locations", params=query).json()["results"]) == stations


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v3/locations/18", 200),
        ("/v3/sensors/37", 200),
        ("/v3/countries", 200),
        ("/v3/parameters", 200),
        ("/v3/sensors/1/measurements", 404),
        ("/v3/locations/1", 404),
        ("/v3/nothing", 404),
        ("/v3/locations?limit=1001", 422),
        ("/v3/locations?page=0", 422),
        ("/v3/sensors/x/measurements", 422),
        ("/v3/sensors/37/measurements?datetime_from=yesterday", 422),
    ],
)
def test_resources_answer_as_in_v3(path: str, code: int, client: httpx.Client) -> None:
    assert client.get(path).status_code == code


@pytest.mark.parametrize("key", [None, "wrong"])
def test_a_request_without_the_key_is_refused(key: str | None, standin: OpenAQStandin) -> None:
    headers = {} if key is None else {"X-API-Key": key}
    answer = httpx.get(f"{standin.base_url}/v3/locations", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid credentials"})


def test_answers_tell_the_rate_limit(client: httpx.Client) -> None:
    headers = client.get("/v3/locations").headers
    assert {f"x-ratelimit-{name}" for name in ("used", "remaining", "limit", "reset")} <= set(headers)


@pytest.mark.parametrize(("kind", "code"), [("throttle", 429), ("error", 500), ("slow", 200)])
def test_a_fault_strikes_the_next_requests_and_then_no_more(kind: str, code: int) -> None:
    with OpenAQStandin(faults=[Fault(kind, count=2, seconds=0.01)]) as standin, client_of(standin) as client:
        assert [client.get("/v3/countries").status_code for _ in range(3)] == [code, code, 200]


def test_a_cut_off_answer_breaks_the_connection(client: httpx.Client) -> None:
    client.post("/faults", json=[{"kind": "cut"}]).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/v3/countries")


def test_a_garbled_answer_is_complete_for_http_and_broken_for_json(client: httpx.Client) -> None:
    client.post("/faults", json=[{"kind": "garbage"}]).raise_for_status()
    with pytest.raises(json.JSONDecodeError):
        client.get("/v3/countries").json()


def test_an_unknown_fault_is_refused(client: httpx.Client) -> None:
    assert client.post("/faults", json=[{"kind": "earthquake"}]).status_code == 422


def test_an_overlay_removes_revises_adds_and_empties(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.json"
    end = "2025-11-20T05:30:00Z"
    changes = {
        "empty": [{"day": "2025-11-20", "sensor": 397}],
        "remove": [{"sensor": 396, "end": end}],
        "revise": [{"sensor": 398, "end": end, "value": 12.25}],
        "add": [{"sensor": 399, "end": "2025-11-12T05:30:00Z", "value": 1.5}],
    }
    overlay.write_text(json.dumps(changes))
    with OpenAQStandin(overlay=overlay) as changed, client_of(changed) as client:
        assert ends(changed, 397) == []
        assert len(set(ends(changed, 396))) == 23
        revised = client.get("/v3/sensors/398/measurements", params=DAY).json()["results"]
        assert 12.25 in [row["value"] for row in revised]
        span = {"datetime_from": "2025-11-12T00:00:00Z", "datetime_to": "2025-11-13T00:00:00Z"}
        assert ends(changed, 399, **span) == ["2025-11-12T05:30:00Z"]


def test_the_key_is_new_with_every_start_and_in_no_argument_or_environment(standin: OpenAQStandin) -> None:
    key = standin.api_key.get_secret_value()
    process = psutil.Process(standin.pid)
    assert key != OpenAQStandin().api_key.get_secret_value()
    assert key not in " ".join([*process.cmdline(), *process.environ().values()])


def test_the_server_listens_on_this_machine_only(standin: OpenAQStandin) -> None:
    listening = [c for c in psutil.Process(standin.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("owner", ["alone", "forked"])
def test_a_standin_ends_when_its_owner_is_killed(owner: str) -> None:
    """Even when a forked child of the owner lives on and still holds the pipe."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, owner],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        assert process.stdout is not None
        server = psutil.Process(int(process.stdout.readline()))
        assert server.is_running()
        process.kill()
        server.wait(SECONDS_TO_END)
    assert not server.is_running()


def test_a_standin_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"did not start.*locations\.json"), OpenAQStandin(tmp_path):
        pass


def test_a_detached_standin_is_started_once_found_and_stopped(tmp_path: Path) -> None:
    running = kept.up(tmp_path, KIND, OpenAQStandin.vendor.orders())
    try:
        assert kept.up(tmp_path, KIND, OpenAQStandin.vendor.orders()) == running == kept.status(tmp_path, KIND)
        assert (tmp_path / "standins" / "openaq.json").stat().st_mode & 0o077 == 0
        assert running.facts["api_key"] not in repr(running)
    finally:
        assert kept.down(tmp_path, KIND)
    assert kept.status(tmp_path, KIND) is None
    assert not kept.down(tmp_path, KIND)
    assert not psutil.pid_exists(running.pid)


def test_a_process_that_only_has_the_same_number_is_never_stopped(tmp_path: Path) -> None:
    file = tmp_path / "standins" / "openaq.json"
    file.parent.mkdir()
    stale = {"name": "openaq", "pid": os.getpid(), "started": 1.0, "base_url": "http://127.0.0.1:9", "facts": {}}
    file.write_text(json.dumps(stale))
    assert kept.status(tmp_path, KIND) is None
    assert not kept.down(tmp_path, KIND)


def test_a_run_without_an_address_gets_a_standin_and_its_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAQ_BASE_URL", raising=False)
    with sources_of("openaq", Settings(tandem_home=tmp_path)):
        address = settings().openaq_base_url
        assert httpx.get(f"{address}/ping", trust_env=False).status_code == 200
        assert [day.isoformat() for day in settings().window("openaq") or ()] == ["2025-10-01", "2025-11-29"]
    assert "OPENAQ_BASE_URL" not in os.environ


def test_a_source_whose_address_is_set_is_left_alone() -> None:
    chosen = Settings(openaq_base_url="http://127.0.0.1:9", openaq_api_key=SecretStr("x"))
    before = dict(os.environ)
    with sources_of("openaq", chosen):
        assert dict(os.environ) == before


def test_a_system_has_all_its_sources_served_side_by_side(tmp_path: Path) -> None:
    with sources_of("ecommerce", Settings(tandem_home=tmp_path)):
        now = settings()
        assert now.tandem_standins == "ecommerce"
        assert [day.isoformat() for day in now.window("ecommerce") or ()] == ["2025-11-01", "2025-11-14"]
        key = now.stripe_api_key.get_secret_value()
        assert httpx.get(f"{now.stripe_base_url}/v1/charges", auth=(key, ""), trust_env=False).status_code == 200
        files = Path(now.marketing_files.removeprefix("file://"))
        assert (files / "marketing_spend_2025-11-01.csv").exists()
        with socket.create_connection((now.postgres_host, now.postgres_port), timeout=2):
            pass
    assert not {"POSTGRES_HOST", "STRIPE_API_KEY", "MARKETING_FILES", "TANDEM_STANDINS"} & set(os.environ)


def test_only_what_is_not_the_users_own_is_served(tmp_path: Path) -> None:
    chosen = Settings(tandem_home=tmp_path, postgres_host="db.example.com", marketing_files="file:///tmp")
    with sources_of("ecommerce", chosen):
        assert os.environ["STRIPE_BASE_URL"].startswith("http://127.0.0.1:")
        assert not {"POSTGRES_HOST", "MARKETING_FILES", "TANDEM_STANDINS"} & set(os.environ)
    assert "STRIPE_BASE_URL" not in os.environ


def test_nothing_stands_in_in_prod(tmp_path: Path) -> None:
    before = dict(os.environ)
    chosen = Settings(tandem_env=Environment.PROD, tandem_target=TargetName.ATHENA, tandem_home=tmp_path)
    with sources_of("ecommerce", chosen):
        assert dict(os.environ) == before


def test_what_came_up_is_stopped_when_another_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (good,) = systems.sources("openaq")
    bad = replace(good, orders=lambda: OpenAQStandin.vendor.orders(tmp_path))
    monkeypatch.setattr(systems, "sources", lambda system: (good, bad))
    before = set(psutil.Process().children())
    with pytest.raises(SourceUnavailable), sources_of("openaq", Settings(tandem_home=tmp_path)):
        pass
    assert set(psutil.Process().children()) <= before


def test_a_source_that_is_kept_serves(tmp_path: Path) -> None:
    chosen = Settings(tandem_home=tmp_path)
    running = kept.up(chosen.state, KIND, OpenAQStandin.vendor.orders())
    try:
        with sources_of("openaq", chosen):
            assert settings().openaq_base_url == running.base_url
            assert settings().openaq_api_key.get_secret_value() == running.facts["api_key"]
    finally:
        kept.down(chosen.state, KIND)


def test_the_command_covers_all_systems(tandem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_HOST", "db.example.com")
    run = CliRunner().invoke
    try:
        told = run(command, ["up"]).output
        assert "postgres: your own, by POSTGRES_HOST" in told
        assert "export STRIPE_BASE_URL=http://127.0.0.1:" in told
        assert "export MARKETING_FILES=file:///" in told
        assert run(command, ["status"]).exit_code == 0
    finally:
        stopped = run(command, ["down"]).output
    assert "stripe: stopped" in stopped
    assert "openaq: stopped" in stopped
    assert run(command, ["status"]).exit_code == 1
