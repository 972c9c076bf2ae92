"""The verbs of the store mean the same on a disk and on S3."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tandem.errors import Conflict, LakeError
from tandem.lake.store import Store, open_store

AtOnce = Callable[..., list[object]]


def test_store_gives_back_the_bytes_it_was_given(store: Store) -> None:
    store.put("raw/a.json", b"\x00payload")
    assert store.get("raw/a.json") == b"\x00payload"
    assert store.size("raw/a.json") == 8


def test_store_has_nothing_at_a_path_never_written(store: Store) -> None:
    assert store.get("raw/none.json") is None
    assert store.read("raw/none.json") is None
    assert store.size("raw/none.json") is None
    assert list(store.list("raw")) == []


def test_store_lists_what_is_below_a_folder_only(store: Store) -> None:
    for path in ("raw/a/1", "raw/a/b/2", "raw/ab/3"):
        store.put(path, b"12")
    assert sorted((item.path, item.bytes) for item in store.list("raw/a")) == [("raw/a/1", 2), ("raw/a/b/2", 2)]
    assert store.folders("raw") == ["raw/a", "raw/ab"]


def test_store_lists_no_file_of_its_own(store: Store) -> None:
    store.swap("a", b"1", None)
    assert [item.path for item in store.list()] == ["a"]


def test_store_deletes_what_is_there_and_passes_over_the_rest(store: Store) -> None:
    for path in ("raw/1", "raw/2", "raw/3"):
        store.put(path, b"")
    store.delete(["raw/1", "raw/gone", "raw/2"])
    assert [item.path for item in store.list()] == ["raw/3"]


def test_swap_replaces_the_version_that_was_read(store: Store) -> None:
    first = store.swap("m", b"1", None)
    assert store.read("m") == (b"1", first)
    second = store.swap("m", b"2", first)
    assert store.read("m") == (b"2", second)


@pytest.mark.parametrize("stale", [pytest.param(True, id="stale etag"), pytest.param(False, id="no etag")])
def test_swap_refuses_when_somebody_else_was_first(store: Store, stale: bool) -> None:
    first = store.swap("m", b"1", None)
    store.swap("m", b"2", first)
    with pytest.raises(Conflict, match="replaced by another run"):
        store.swap("m", b"3", first if stale else None)
    assert store.get("m") == b"2"


def test_swap_refuses_an_etag_when_the_object_is_gone(store: Store) -> None:
    etag = store.swap("m", b"1", None)
    store.delete(["m"])
    with pytest.raises(Conflict):
        store.swap("m", b"2", etag)
    assert store.get("m") is None


@pytest.mark.parametrize("there", [pytest.param(True, id="replacing"), pytest.param(False, id="creating")])
def test_of_writers_that_swap_at_once_exactly_one_wins(
    store: Store, lake_url: str, at_once: AtOnce, there: bool
) -> None:
    for attempt in range(5):
        path = f"m{attempt}"
        etag = store.swap(path, b"old", None) if there else None
        writers = [open_store(lake_url) for _ in range(4)]
        swaps = [lambda w=w, n=n, p=path, e=etag: w.swap(p, f"new {n}".encode(), e) for n, w in enumerate(writers)]
        outcomes = at_once(*swaps)
        winners = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, str)]
        assert [type(o) for n, o in enumerate(outcomes) if n not in winners] == [Conflict] * 3
        assert store.get(path) == f"new {winners[0]}".encode()


def test_increments_by_racing_writers_are_never_lost(lake_url: str, at_once: AtOnce) -> None:
    open_store(lake_url).swap("counter", b"0 nobody", None)

    def increment(writer: int) -> int:
        store, done = open_store(lake_url), 0
        while done < 5:
            value, etag = store.read("counter") or (b"", "")
            try:
                store.swap("counter", b"%d %d" % (int(value.split()[0]) + 1, writer), etag)
            except Conflict:
                continue
            done += 1
        return done

    assert at_once(*(lambda n=n: increment(n) for n in range(3))) == [5, 5, 5]
    assert (open_store(lake_url).get("counter") or b"").startswith(b"15 ")


def test_swapping_in_what_is_there_already_is_no_conflict(store: Store) -> None:
    etag = store.swap("m", b"1", None)
    assert store.swap("m", b"1", None) == etag


def test_uri_is_what_an_engine_reads(store: Store, lake_url: str) -> None:
    store.put("p/f", b"x")
    expected = f"{lake_url}/p/f" if lake_url.startswith("s3://") else f"{store.directory}/p/f"
    assert store.uri("p/f") == expected
    assert "%20" not in store.uri("p/f")


@pytest.mark.parametrize("url", ["gs://bucket/lake", "/data/lake", "https://example.org"])
def test_only_files_and_s3_can_be_opened(url: str) -> None:
    with pytest.raises(LakeError, match=r"file:///directory or s3://bucket/prefix \(TANDEM_LAKE\)"):
        open_store(url)


def test_a_missing_bucket_is_named_in_the_error(s3_endpoint: str) -> None:
    with pytest.raises(LakeError, match="s3://no-such-bucket/x"):
        open_store("s3://no-such-bucket").put("x", b"")
