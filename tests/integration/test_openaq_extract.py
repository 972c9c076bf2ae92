"""OpenAQ extraction from the real stand-in into a lake on disk, with and without faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tandem.errors import LakeError, SettingsError, SourceRefused, SourceUnavailable
from tandem.extract.openaq import extract_measurements, extract_register, open_source, sensor_ids
from tandem.lake.manifest import Manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store, open_store
from tandem.settings import Settings
from tandem.sources.openaq import OpenAQ
from tandem.standins.faults import RateLimit
from tandem.standins.openaq.server import OpenAQStandin

DAY = date(2025, 11, 20)


@pytest.fixture(scope="module")
def standin() -> Iterator[OpenAQStandin]:
    with OpenAQStandin() as running:
        yield running


@pytest.fixture
def source(standin: OpenAQStandin) -> Iterator[OpenAQ]:
    with OpenAQ(standin.base_url, standin.api_key, timeout=2, backoff=0.01) as client:
        yield client


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return open_store(tmp_path.as_uri())


def play(standin: OpenAQStandin, **fault: object) -> None:
    httpx.post(f"{standin.base_url}/faults", json=[fault], trust_env=False).raise_for_status()


def rows(lake: Store, manifest: Manifest) -> int:
    return sum(len(json.loads(payload)["results"]) for _, payload in read_files(lake, manifest))


def test_every_sensor_of_every_day_lands_under_its_day(lake: Store, source: OpenAQ) -> None:
    extract_register(lake, source, DAY)
    told: list[tuple[int, int]] = []
    sensors = sensor_ids(lake, DAY)
    manifests = extract_measurements(
        lake, source, [DAY, DAY + timedelta(1)], sensors, progress=lambda *at: told.append(at)
    )
    assert [manifest.partition.day for manifest in manifests] == [DAY, DAY + timedelta(1)]
    assert {file.origin["sensor_id"] for file in manifests[0].files} == set(sensors)
    assert told == [(done, 52) for done in range(1, 53)]
    assert rows(lake, manifests[0]) > 500


def test_payloads_land_byte_for_byte(lake: Store, source: OpenAQ, standin: OpenAQStandin) -> None:
    [manifest] = extract_measurements(lake, source, [DAY], [396])
    query = "datetime_from=2025-11-20T00:00:00Z&datetime_to=2025-11-21T00:00:00Z&limit=1000&page=1"
    address = f"{standin.base_url}/v3/sensors/396/measurements?{query}"
    served = httpx.get(address, headers={"X-API-Key": standin.api_key.get_secret_value()}, trust_env=False)
    assert [payload for _, payload in read_files(lake, manifest)] == [served.content]


def test_extracting_again_gives_the_same_commit_and_writes_nothing(lake: Store, source: OpenAQ) -> None:
    first = extract_measurements(lake, source, [DAY], [37, 396])
    before = sorted((item.path, item.modified) for item in lake.list("raw"))
    assert extract_measurements(lake, source, [DAY], [37, 396]) == first
    assert sorted((item.path, item.modified) for item in lake.list("raw")) == before


def test_a_day_without_rows_is_a_commit_of_empty_pages(lake: Store, source: OpenAQ) -> None:
    [manifest] = extract_measurements(lake, source, [date(2025, 11, 12)], [396, 397])
    assert len(manifest.files) == 2
    assert rows(lake, manifest) == 0


def test_a_day_without_sensors_is_an_empty_commit(lake: Store, source: OpenAQ) -> None:
    [manifest] = extract_measurements(lake, source, [DAY], [])
    assert manifest.files == ()


def test_the_register_is_limited_to_countries_and_sensors_to_parameters(lake: Store, source: OpenAQ) -> None:
    manifest = extract_register(lake, source, DAY, ("ES", "TH"))
    assert [file.origin["iso"] for file in manifest.files] == ["ES", "TH"]
    assert sensor_ids(lake, DAY, ("ES",), ("no2", "O3")) == [9871, 9872, 9932]


def test_sensors_are_filtered_here_when_the_server_does_not(lake: Store, source: OpenAQ) -> None:
    extract_register(lake, source, DAY)
    assert len(sensor_ids(lake, DAY)) == 26
    assert sensor_ids(lake, DAY, ("vn",), ("co",)) == [7735905]


def test_sensors_without_a_register_are_a_clear_error(lake: Store) -> None:
    with pytest.raises(LakeError, match="2025-11-20"):
        sensor_ids(lake, DAY)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "error", "count": 2}, id="500 twice"),
        pytest.param({"kind": "cut", "count": 2}, id="cut off"),
        pytest.param({"kind": "garbage", "count": 2}, id="half of the JSON"),
        pytest.param({"kind": "throttle", "count": 3, "seconds": 0.05}, id="429"),
    ],
)
def test_faults_leave_no_trace_in_what_lands(
    fault: dict[str, object], lake: Store, source: OpenAQ, standin: OpenAQStandin, tmp_path: Path
) -> None:
    undisturbed = extract_measurements(open_store((tmp_path / "other").as_uri()), source, [DAY], [37, 396, 397])
    play(standin, **fault)
    disturbed = extract_measurements(lake, source, [DAY], [37, 396, 397])
    assert [manifest.commit for manifest in disturbed] == [manifest.commit for manifest in undisturbed]


def test_a_slow_answer_is_given_up_and_asked_for_again(lake: Store, standin: OpenAQStandin) -> None:
    play(standin, kind="slow", seconds=5)
    with OpenAQ(standin.base_url, standin.api_key, timeout=0.2, backoff=0.01) as source:
        [manifest] = extract_measurements(lake, source, [DAY], [396])
    assert rows(lake, manifest) >= 24


def test_lasting_trouble_commits_no_half_day(lake: Store, source: OpenAQ, standin: OpenAQStandin) -> None:
    play(standin, kind="error", count=5, path="/sensors/397/")
    with pytest.raises(SourceUnavailable):
        extract_measurements(lake, source, [DAY], [396, 397, 398], workers=1)
    assert read_manifest(lake, Zone.RAW, Partition("openaq", "measurements", DAY)) is None


def test_a_wrong_key_fails_at_once_and_is_not_shown(lake: Store, standin: OpenAQStandin) -> None:
    wrong = OpenAQ(standin.base_url, SecretStr("a-wrong-key"))
    with wrong, pytest.raises(SourceRefused, match="OPENAQ_API_KEY") as error:
        extract_register(lake, wrong, DAY)
    assert "a-wrong-key" not in str(error.value)


def test_threads_share_the_servers_rate_limit_without_being_refused(lake: Store) -> None:
    sensors = [37, 396, 397, 398, 399, 4681, 4682, 9871, 9872, 9873, 9874, 9931]
    limit = RateLimit(limit=5, period_seconds=0.3)
    with OpenAQStandin(rate_limit=limit) as slow, OpenAQ(slow.base_url, slow.api_key) as source:
        extract_measurements(lake, source, [DAY], sensors, workers=1)
        asked = httpx.get(f"{slow.base_url}/requests", trust_env=False).json()["requests"]
    assert asked == len(sensors)


def test_closing_wakes_a_thread_that_waits_for_its_turn(standin: OpenAQStandin) -> None:
    play(standin, kind="throttle", seconds=600)
    source = OpenAQ(standin.base_url, standin.api_key)
    failed: list[Exception] = []

    def ask() -> None:
        try:
            list(source.locations())
        except SourceUnavailable as error:
            failed.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    source.close()
    thread.join(10)
    assert not thread.is_alive()
    assert len(failed) == 1


def test_settings_without_an_address_say_what_to_do() -> None:
    with pytest.raises(SettingsError, match="OPENAQ_BASE_URL"):
        open_source(Settings(openaq_base_url=""))
