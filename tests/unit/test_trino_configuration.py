"""The files that Trino is started with: private, and safe whatever the values hold."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from tandem.standins.trino.configuration import Cloud, write

SECRET = "s3cret key=with#all\nhive.security=none ü 😀 \\"
CLOUD = Cloud("http://127.0.0.1:5000", "eu-west-1", SecretStr("access"), SecretStr(SECRET))


def properties(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text(encoding="ascii").splitlines())


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    write(tmp_path / "etc", CLOUD, "node", 8080)
    files = [path for path in (tmp_path / "etc").rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_value_cannot_add_a_line(tmp_path: Path) -> None:
    write(tmp_path / "etc", CLOUD, "node", 8080)
    written = properties(tmp_path / "etc" / "catalog" / "awsdatacatalog.properties")
    assert written["hive.security"] == "allow-all"
    read_back = written["hive.s3.aws-secret-key"].encode("ascii").decode("unicode_escape")
    assert read_back.encode("utf-16", "surrogatepass").decode("utf-16") == SECRET


def test_the_secret_is_in_no_text_of_the_settings() -> None:
    assert SECRET not in repr(CLOUD)


def test_writing_again_replaces_the_files(tmp_path: Path) -> None:
    write(tmp_path / "etc", CLOUD, "first", 8080)
    assert properties(write(tmp_path / "etc", CLOUD, "second", 8081))["node.id"] == "second"


def test_both_connectors_see_the_same_cloud_and_each_other(tmp_path: Path) -> None:
    write(tmp_path / "etc", CLOUD, "node", 8080)
    hive = properties(tmp_path / "etc" / "catalog" / "awsdatacatalog.properties")
    iceberg = properties(tmp_path / "etc" / "catalog" / "iceberg.properties")
    assert CLOUD.lines().keys() <= hive.keys() & iceberg.keys()
    assert (hive["hive.iceberg-catalog-name"], iceberg["iceberg.hive-catalog-name"]) == ("iceberg", "awsdatacatalog")
