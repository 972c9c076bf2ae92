"""The same sources, extracted to a disk and to S3, give the same processed rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from tandem.extract.openaq import extract_measurements, extract_register, sensor_ids
from tandem.lake.manifest import Manifest
from tandem.lake.processed import read_commit
from tandem.lake.store import Store, open_store
from tandem.schemas import Entity, entities
from tandem.sources.openaq import OpenAQ
from tandem.standins.openaq.server import OpenAQStandin
from tandem.steps import manifests_of, refine

DAYS = [date(2025, 11, 20), date(2025, 11, 21)]


@pytest.fixture(scope="module")
def source() -> Iterator[OpenAQ]:
    with OpenAQStandin() as running, OpenAQ(running.base_url, running.api_key) as client:
        yield client


def captured(lake: Store, source: OpenAQ) -> Store:
    """A lake with two days of everything, refined."""
    extract_register(lake, source, DAYS[-1])
    extract_measurements(lake, source, DAYS, sensor_ids(lake, DAYS[-1]))
    refine(lake, "openaq", DAYS, progress=lambda done, total: None)
    return lake


def content(manifest: Manifest) -> dict[str, object]:
    """All of a manifest but the time it was written."""
    return {name: value for name, value in vars(manifest).items() if name != "written_at"}


@pytest.mark.usefixtures("s3_endpoint")
def test_a_disk_and_s3_hold_the_same_rows_in_the_same_commits(tmp_path: Path, source: OpenAQ) -> None:
    disk = captured(open_store((tmp_path / "lake").as_uri()), source)
    s3 = captured(open_store(f"s3://lake-tests/{uuid4().hex}"), source)
    for entity in entities("openaq"):
        compare(entity, disk, s3)


def compare(entity: Entity, disk: Store, s3: Store) -> None:
    left, right = manifests_of(disk, entity, DAYS), manifests_of(s3, entity, DAYS)
    assert left
    assert [content(manifest) for manifest in left] == [content(manifest) for manifest in right]
    for one, other in zip(left, right, strict=True):
        assert read_commit(disk, one).equals(read_commit(s3, other), null_equal=True)
