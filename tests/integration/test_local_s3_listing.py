"""Listings of the local S3 by its index of names: the same answers, whatever was written and removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tandem.standins.aws.app import Cloud
from tandem.standins.aws.http import serve_on

NAMES = ["a/1", "a/2/x", "a/2/y", "ab/1", "b", "a-", "a0", "a/ü", "a/2"]


@pytest.fixture
def s3() -> Iterator[Any]:
    server = serve_on(0, Cloud("x"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    session = boto3.Session("k", "k", region_name="us-east-1")
    client = session.client("s3", endpoint_url=f"http://127.0.0.1:{server.server_port}")
    client.create_bucket(Bucket="listed")
    yield client
    for name in found(client, ""):
        client.delete_object(Bucket="listed", Key=name)
    client.delete_bucket(Bucket="listed")
    server.shutdown()
    thread.join()


def found(s3: Any, prefix: str, **more: Any) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="listed", Prefix=prefix, **more)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def test_a_prefix_gives_what_begins_with_it_also_after_removals(s3: Any) -> None:
    for name in NAMES:
        s3.put_object(Bucket="listed", Key=name, Body=b"x")
    for gone in ("a/2/x", "b", "b"):
        s3.delete_object(Bucket="listed", Key=gone)
    s3.put_object(Bucket="listed", Key="a/1", Body=b"again")
    left = sorted(set(NAMES) - {"a/2/x", "b"}, key=lambda name: name.encode())
    for prefix in ("", "a", "a/", "a/2", "a/2/", "b", "zz"):
        assert found(s3, prefix) == [name for name in left if name.startswith(prefix)]
        assert found(s3, prefix, PaginationConfig={"PageSize": 2}) == found(s3, prefix)


def test_folders_are_told_apart_from_objects(s3: Any) -> None:
    for name in NAMES:
        s3.put_object(Bucket="listed", Key=name, Body=b"x")
    answer = s3.list_objects_v2(Bucket="listed", Prefix="a/", Delimiter="/")
    assert [item["Key"] for item in answer["Contents"]] == ["a/1", "a/2", "a/ü"]
    assert [item["Prefix"] for item in answer["CommonPrefixes"]] == ["a/2/"]
