"""The folder that files are delivered into: names, days, and what is nobody's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tandem.errors import SourceRefused, SourceUnavailable
from tandem.sources.files import Delivered, Folder

FEEDS = ("marketing_spend", "campaign_performance")


def folder(path: Path) -> Folder:
    return Folder(path.as_uri(), "MARKETING_FILES", FEEDS)


def test_files_come_by_day_whatever_their_case(tmp_path: Path) -> None:
    names = ["marketing_spend_2025-11-04.csv", "Marketing_Spend_2025-11-03.CSV", "campaign_performance_2025-11-03.csv"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    files, strangers = folder(tmp_path).delivered()
    assert [(file.feed, file.day.day, file.stem) for file in files] == [
        ("marketing_spend", 3, "Marketing_Spend_2025-11-03"),
        ("campaign_performance", 3, "campaign_performance_2025-11-03"),
        ("marketing_spend", 4, "marketing_spend_2025-11-04"),
    ]
    assert strangers == []


def test_what_fits_no_feed_or_no_date_is_named(tmp_path: Path) -> None:
    strangers = ["marketing_spend.csv", "marketing_spend_2025-02-30.csv", "marketing_spend_2025-11-03.csv.gz",
                 "other_2025-11-03.csv"]  # fmt: skip
    for name in [*strangers, ".marketing_spend_2025-11-03.csv.part"]:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "marketing_spend_2025-11-03.csv").write_bytes(b"x")
    assert folder(tmp_path).delivered() == ([], strangers)


def test_bytes_are_read_as_they_are(tmp_path: Path) -> None:
    payload = "\ufeffdate;spend\r\n".encode("utf-16") + b"\xff\x00"
    (tmp_path / "marketing_spend_2025-11-03.csv").write_bytes(payload)
    [file] = folder(tmp_path).delivered()[0]
    assert folder(tmp_path).read(file) == payload


def test_a_missing_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="MARKETING_FILES"):
        folder(tmp_path / "nothing" / "here")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SourceRefused, match="MARKETING_FILES"):
        folder(tmp_path / "file")


def test_an_empty_folder_holds_nothing_yet(tmp_path: Path) -> None:
    assert folder(tmp_path).delivered() == ([], [])


def test_a_file_that_was_taken_away_meanwhile_may_be_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="Run again"):
        folder(tmp_path).read(Delivered("marketing_spend_2025-11-03.csv", "marketing_spend", date(2025, 11, 3)))
