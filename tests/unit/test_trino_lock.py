"""The committed lock of Trino's jars, and what is said when the cache does not hold them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tandem.errors import StandinError
from tandem.standins.trino import assemble, jars


def test_every_jar_has_a_hash_a_size_and_a_home() -> None:
    homes = {*assemble.FOLDERS, assemble.COMPILER}
    for jar in jars.read_lock():
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256), jar
        assert jar.bytes > 0, jar
        assert set(jar.homes) <= homes, jar
        assert jar.homes, jar


def test_no_two_jars_share_a_file_name() -> None:
    names = [jar.name for jar in jars.read_lock()]
    assert len(names) == len(set(names)) == 205


def test_trino_is_the_version_that_was_measured() -> None:
    assert {jar.version for jar in jars.read_lock() if jar.group == "io.trino"} == {"406"}


def test_the_lock_names_no_repository() -> None:
    assert "//" not in jars.LOCK.read_text(encoding="utf-8")


def test_an_empty_cache_lacks_every_jar(tmp_path: Path) -> None:
    assert jars.missing(tmp_path) == list(jars.read_lock())


def test_a_jar_that_was_cut_is_missing(tmp_path: Path) -> None:
    first, *_ = jars.read_lock()
    folder = jars.jar_folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / first.name).write_bytes(b"x" * (first.bytes - 1))
    assert first in jars.missing(tmp_path)


def test_assembling_without_jars_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StandinError, match=r"205 of 205 jars .* Run: tandem standins fetch"):
        assemble.assemble(tmp_path)
    assert not (tmp_path / "trino" / assemble.fingerprint()).exists()
