"""Names of partitions and paths in the lake."""

from __future__ import annotations

from datetime import date

import pytest

from tandem.lake.partition import Partition, Zone

DAY = Partition("openaq", "measurements", date(2025, 3, 9))


def test_partition_lives_in_a_hive_folder_with_two_digits() -> None:
    assert DAY.folder(Zone.RAW) == "raw/openaq/measurements/year=2025/month=03/day=09"


def test_partition_is_read_back_from_its_key_and_its_paths() -> None:
    assert Partition.parse(DAY.key) == DAY
    assert Partition.from_path(f"{DAY.folder(Zone.PROCESSED)}/commit=1/part-0000.parquet") == DAY


@pytest.mark.parametrize(
    "path",
    [
        "_lease.json",
        "raw/openaq",
        "raw/openaq/measurements/2025/03/09",
        "raw/openaq/measurements/year=2025/month=3/day=9",
        "raw/openaq/measurements/year=2025/month=02/day=30",
        "other/openaq/measurements/year=2025/month=03/day=09",
    ],
)
def test_other_paths_are_no_partition(path: str) -> None:
    with pytest.raises(ValueError):
        Partition.from_path(path)
