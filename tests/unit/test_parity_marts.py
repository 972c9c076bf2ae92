"""Marts, declared types and keys, as dbt's manifest tells them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tandem.errors import CannotCompare
from tandem.parity.marts import Mart, marts_of


def model(name: str = "fct", folder: str = "marts/openaq", **meta: Any) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "unique_id": f"model.tandem.{name}",
        "name": name,
        "alias": name,
        "schema": "openaq_marts",
        "original_file_path": f"models/{folder}/{name}.sql",
        "columns": {"id": {"name": "id", "data_type": "bigint"}, "day": {"name": "day", "data_type": None}},
        "config": {"meta": meta},
    }


def check(kind: str, column: str | None = None, **config: Any) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "attached_node": "model.tandem.fct",
        "column_name": column,
        "test_metadata": {"name": kind, "kwargs": {} if column else {"columns": ["id", "day"]}},
        "config": config,
    }


SINGULAR = {"resource_type": "test", "config": {}}


def manifest(folder: Path, *nodes: dict[str, Any]) -> Path:
    path = folder / "dbt" / "target" / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"nodes": {str(number): node for number, node in enumerate(nodes)}}))
    return path


@pytest.mark.parametrize(
    ("nodes", "key"),
    [
        pytest.param([model(), check("unique_key"), SINGULAR], ("id", "day"), id="test of a combination"),
        pytest.param([model(), check("unique", "id")], ("id",), id="test of a column"),
        pytest.param([model(), check("unique", "day"), check("unique_key")], ("id", "day"), id="combination first"),
        pytest.param([model(key=["day"]), check("unique_key")], ("day",), id="stated"),
        pytest.param([model(key="id")], ("id",), id="stated, one column"),
    ],
)
def test_key_is_what_the_model_declares(tmp_path: Path, nodes: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    assert marts_of(manifest(tmp_path, *nodes), "openaq") == [
        Mart("openaq_marts", "fct", {"id": "bigint", "day": None}, key)
    ]


def test_only_marts_of_the_system_are_taken_by_name(tmp_path: Path) -> None:
    others = [model("stg", "staging/openaq"), model("sales", "marts/ecommerce")]
    found = marts_of(manifest(tmp_path, model("z", key="id"), *others, model("a", key="id")), "openaq")
    assert [mart.name for mart in found] == ["a", "z"]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        pytest.param([model()], "fct declares no key", id="no test"),
        pytest.param([model(), check("unique", "id", severity="WARN")], "declares no key", id="a test that only warns"),
        pytest.param([model(), check("unique", "id", where="day > 1")], "declares no key", id="a test of some rows"),
        pytest.param([model(key=["id", "hour"])], "does not declare: hour", id="unknown column"),
        pytest.param([model("stg", "staging/openaq")], "no model in dbt/models/marts/openaq", id="no mart"),
    ],
)
def test_what_cannot_be_paired_is_refused(tmp_path: Path, nodes: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(CannotCompare, match=words):
        marts_of(manifest(tmp_path, *nodes), "openaq")


def test_a_manifest_that_is_gone_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(CannotCompare, match=f"Remove {tmp_path}"):
        marts_of(tmp_path / "dev-duckdb" / "dbt" / "target" / "manifest.json", "openaq")
