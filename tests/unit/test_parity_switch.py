"""Which settings `tandem parity LEFT RIGHT` compares under."""

import pytest

from tandem.cli.parity import switch_for
from tandem.errors import CannotCompare, LakeError, SettingsError
from tandem.parity.proof import could_not_compare
from tandem.parity.sides import reference_settings
from tandem.settings import Settings, settings


def choose(monkeypatch: pytest.MonkeyPatch, env: str, target: str) -> None:
    monkeypatch.setenv("TANDEM_ENV", env)
    monkeypatch.setenv("TANDEM_TARGET", target)


@pytest.mark.parametrize("names", [("duckdb", "athena"), ("athena", "duckdb")])
def test_a_cloud_target_in_dev_means_its_rehearsal(names: tuple[str, str]) -> None:
    assert switch_for(*names) == {"TANDEM_ENV": "rehearsal", "TANDEM_TARGET": "athena"}


@pytest.mark.parametrize("env", ["rehearsal", "prod"])
def test_the_target_of_the_settings_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, env: str) -> None:
    choose(monkeypatch, env, "athena")
    assert switch_for("duckdb", "athena") == {}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        pytest.param(("duckdb", "oracle"), "no target oracle. Allowed: duckdb, athena, snowflake", id="unknown"),
        pytest.param(("athena", "snowflake"), "must be duckdb", id="no reference"),
        pytest.param(("duckdb", "snowflake"), "runs on athena, so snowflake cannot be compared", id="another target"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, str], words: str
) -> None:
    choose(monkeypatch, "rehearsal", "athena")
    with pytest.raises(SettingsError, match=words):
        switch_for(*names)


def test_the_duckdb_side_has_a_home_and_a_lake_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, "prod", "athena")
    monkeypatch.setenv("TANDEM_LAKE", "s3://bucket/lake")
    monkeypatch.setenv("TANDEM_NAMESPACE", "ana")
    own: Settings = reference_settings(settings())
    assert own.state == settings().state / "parity" / "dev-duckdb"
    assert own.lake_url == (own.state / "lake").as_uri()
    assert own.schema_name("openaq_marts") == "openaq_marts"


@pytest.mark.parametrize("error", [LakeError("the lake is gone"), ValueError("the lake is gone")])
def test_whatever_goes_wrong_is_not_a_difference(error: Exception) -> None:
    with (
        pytest.raises(CannotCompare, match=r"openaq could not be compared.*the lake is gone"),
        could_not_compare("openaq"),
    ):
        raise error


def test_what_the_user_can_put_right_is_told_as_it_is() -> None:
    with pytest.raises(SettingsError), could_not_compare("openaq"):
        raise SettingsError("wrong")
