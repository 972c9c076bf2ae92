"""The marketing's files from a folder, on a disk and on S3, into a lake on disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto_server import moto_server

from tandem.errors import SchemaChanged, SettingsError, SourceRefused
from tandem.extract.captured import Captured
from tandem.extract.ecommerce import SOURCES, capture
from tandem.lake.manifest import Manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.store import Store, open_store
from tandem.settings import Settings

FIRST, SECOND, THIRD, FOURTH = (date(2025, 11, day) for day in (1, 2, 3, 4))
HEADER = "date,channel,campaign_name,spend,impressions,clicks\n"
BUCKET = "marketing-tests"


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    with moto_server() as address, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", address)
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


@pytest.fixture(params=["disk", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "disk":
        (tmp_path / "files").mkdir()
        return (tmp_path / "files").as_uri()
    request.getfixturevalue("s3")
    return f"s3://{BUCKET}/{uuid4().hex}"


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return open_store((tmp_path / "lake").as_uri())


def deliver(url: str, day: date, spend: str = "1.00", feed: str = "marketing_spend") -> None:
    text = f"{HEADER}{day},search,Brand,{spend},10,1\n"
    open_store(url).put(f"{feed}_{day}.csv", text.encode())


def take(url: str, lake: Store, *days: date, feed: str = "marketing_spend", **other: Any) -> Captured:
    return capture(Settings(marketing_files=url, **other), lake, feed, days, lambda *_: None)


def names(captured: Captured) -> list[list[str]]:
    return [[file.origin["file"][-9:-4] for file in manifest.files] for manifest in captured.manifests]


def payloads(lake: Store, manifest: Manifest) -> list[bytes]:
    return [payload for _, payload in read_files(lake, manifest)]


def test_a_first_capture_takes_all_and_the_next_day_what_came_since(url: str, lake: Store) -> None:
    for day in (date(2025, 3, 5), FIRST, SECOND, THIRD, FOURTH):
        deliver(url, day)
    captured = take(url, lake, FIRST, SECOND, FOURTH)
    assert names(captured) == [["03-05", "11-01"], ["11-02"], ["11-03", "11-04"]]
    assert captured.notices == []
    [file] = captured.manifests[1].files
    assert file.name.startswith("marketing_spend_2025-11-02.")
    assert file.name.endswith(".csv")
    assert file.origin == {"file": "marketing_spend_2025-11-02.csv", "delivered": "2025-11-02", "attempt": 1}
    assert payloads(lake, captured.manifests[1]) == [f"{HEADER}2025-11-02,search,Brand,1.00,10,1\n".encode()]


def test_running_a_day_again_takes_the_same_files_and_writes_nothing(url: str, lake: Store) -> None:
    for day in (FIRST, SECOND):
        deliver(url, day)
    captured = take(url, lake, FIRST, SECOND)
    before = sorted((item.path, item.modified) for item in lake.list())
    assert take(url, lake, FIRST, SECOND) == captured
    assert sorted((item.path, item.modified) for item in lake.list()) == before


def test_a_file_delivered_anew_replaces_the_one_of_its_name(url: str, lake: Store) -> None:
    deliver(url, FIRST)
    deliver(url, FIRST - timedelta(days=1))
    take(url, lake, FIRST)
    deliver(url, FIRST, spend="2.00")
    [manifest] = take(url, lake, FIRST).manifests
    assert [file.origin["file"][-9:-4] for file in manifest.files] == ["10-31", "11-01"]
    assert b"2.00" in payloads(lake, manifest)[1]


def test_a_file_that_was_taken_away_stays_captured(url: str, lake: Store) -> None:
    deliver(url, FIRST)
    deliver(url, FIRST - timedelta(days=1))
    first = take(url, lake, FIRST)
    open_store(url).delete([f"marketing_spend_{FIRST - timedelta(days=1)}.csv"])
    assert take(url, lake, FIRST) == Captured(first.manifests)


def test_a_file_that_comes_a_day_late_or_anew_is_taken_by_the_overlap(url: str, lake: Store) -> None:
    deliver(url, FIRST)
    missing = take(url, lake, FIRST, SECOND)
    assert names(missing) == [["11-01"], []]
    assert "no file of 2025-11-02" in missing.notices[0]
    deliver(url, SECOND)
    deliver(url, THIRD)
    assert names(take(url, lake, THIRD)) == [["11-02", "11-03"]]
    deliver(url, THIRD, spend="3.00")
    deliver(url, FOURTH)
    assert names(take(url, lake, FOURTH)) == [["11-03", "11-04"]]


def test_files_of_equal_content_are_all_taken(url: str, lake: Store) -> None:
    for day in (FIRST, SECOND):
        open_store(url).put(f"marketing_spend_{day}.csv", HEADER.encode())
    assert names(take(url, lake, FIRST, SECOND)) == [["11-01"], ["11-02"]]


def test_feeds_are_kept_apart_and_strangers_are_named(url: str, lake: Store) -> None:
    deliver(url, FIRST)
    deliver(url, FIRST, feed="campaign_performance")
    open_store(url).put("marketing_spend_2025-13-01.csv", b"")
    open_store(url).put("notes.txt", b"")
    captured = take(url, lake, FIRST)
    assert names(captured) == [["11-01"]]
    [notice] = captured.notices
    assert "marketing_spend_2025-13-01.csv, notes.txt passed over" in notice
    assert "campaign_performance_YYYY-MM-DD.csv" in notice


def test_a_changed_header_stops_and_names_the_file(url: str, lake: Store) -> None:
    deliver(url, FIRST)
    open_store(url).put(f"marketing_spend_{SECOND}.csv", HEADER.replace("spend", "cost").encode())
    with pytest.raises(SchemaChanged, match=r"file marketing_spend_2025-11-02\.csv has changed\. spend \(number\)"):
        take(url, lake, FIRST, SECOND)
    days = [read_manifest(lake, Zone.RAW, Partition("ecommerce", "marketing_spend", day)) for day in (FIRST, SECOND)]
    assert [found is not None for found in days] == [True, False]


def test_a_new_column_passes_with_a_notice(url: str, lake: Store) -> None:
    open_store(url).put(f"marketing_spend_{FIRST}.csv", (HEADER.strip() + ",Agency\n").encode())
    captured = take(url, lake, FIRST)
    assert names(captured) == [["11-01"]]
    assert "agency" in captured.notices[0]


def test_an_empty_file_is_kept_with_a_notice(url: str, lake: Store) -> None:
    open_store(url).put(f"marketing_spend_{FIRST}.csv", b"\n")
    captured = take(url, lake, FIRST)
    assert names(captured) == [["11-01"]]
    assert "is empty" in captured.notices[0]


def test_a_missing_folder_names_its_setting_and_is_not_made(tmp_path: Path, lake: Store) -> None:
    missing = tmp_path / "nothing"
    with pytest.raises(SourceRefused, match="MARKETING_FILES"):
        take(missing.as_uri(), lake, FIRST)
    assert not missing.exists()


@pytest.mark.parametrize("bucket", [BUCKET, "no-such-bucket"])
@pytest.mark.usefixtures("s3")
def test_an_empty_place_on_s3_names_its_setting(lake: Store, bucket: str) -> None:
    with pytest.raises(SourceRefused, match="MARKETING_FILES"):
        take(f"s3://{bucket}/nothing", lake, FIRST)


def test_settings_without_a_folder_say_what_to_do(lake: Store) -> None:
    with pytest.raises(SettingsError, match="MARKETING_FILES"):
        take("", lake, FIRST)


def test_the_look_lists_the_folder(url: str) -> None:
    deliver(url, FIRST)
    assert SOURCES["marketing files"](Settings(marketing_files=url)) == url
