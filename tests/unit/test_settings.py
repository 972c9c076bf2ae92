"""Settings: defaults, the switch, and the one message for a value that is wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from tandem.env_example import render
from tandem.errors import SettingsError
from tandem.settings import OPENAQ_API, PROJECT, Environment, Settings, TargetName, settings

PROD = {"tandem_env": "prod", "tandem_target": "athena"}
WRONG = [
    pytest.param("TANDEM_ENV", "prd", "dev, rehearsal, prod", id="environment"),
    pytest.param("TANDEM_TARGET", "duck", "duckdb, athena, snowflake", id="target"),
    pytest.param("TANDEM_NAMESPACE", "My-Team", "lower-case letters", id="namespace"),
    pytest.param("TANDEM_LAKE", "gs://bucket", "s3://bucket/prefix", id="lake"),
    pytest.param("TANDEM_WINDOW", "2025-11-03..2025-11-01", "YYYY-MM-DD..YYYY-MM-DD", id="window-backwards"),
    pytest.param("TANDEM_WINDOW", "lately", "YYYY-MM-DD..YYYY-MM-DD", id="window"),
    pytest.param("TANDEM_RETRY_DELAY_SECONDS", "soon", "number of seconds", id="delay"),
    pytest.param("TANDEM_RETRY_DELAY_SECONDS", "-1", "number of seconds", id="delay-negative"),
    pytest.param("OPENAQ_BASE_URL", "api.openaq.org", "http:// or https://", id="address"),
    pytest.param("OPENAQ_COUNTRIES", "VN,THA", "two-letter codes", id="countries"),
    pytest.param("OPENAQ_PARAMETERS", "pm25;o3", "comma separated", id="parameters"),
]


def test_nothing_set_means_dev_on_duckdb_with_all_state_in_one_folder() -> None:
    found = Settings(tandem_home=Path(".tandem"))
    assert (found.tandem_env, found.target) == (Environment.DEV, TargetName.DUCKDB)
    assert found.state == PROJECT / ".tandem" / "dev-duckdb"
    assert found.lake_url == (found.state / "lake").as_uri()


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_wrong_value_is_one_message_that_names_all_four_things(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        settings()
    message = str(raised.value)
    assert message.startswith(f'{name} is "{value}" (in the environment). Allowed: ')
    assert allowed in message
    assert message.endswith("Set one of these, or remove it for the default.")
    assert "\n" not in message
    assert raised.value.exit_code == 2


def test_message_says_that_the_value_came_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TANDEM_ENV=prd\n")
    code = "from tandem.settings import settings\ntry: settings()\nexcept Exception as error: print(error)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"TANDEM_ENV_FILE": str(file), "PYTHONPATH": str(PROJECT / "orchestration")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith('TANDEM_ENV is "prd" (in .env).')


def test_every_wrong_setting_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_ENV", "prd")
    monkeypatch.setenv("OPENAQ_COUNTRIES", "Spain")
    with pytest.raises(SettingsError) as raised:
        settings()
    assert [line.split()[0] for line in str(raised.value).splitlines()] == ["TANDEM_ENV", "OPENAQ_COUNTRIES"]


def test_password_in_an_address_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAQ_BASE_URL", "ftp://user:secret@host/")
    with pytest.raises(SettingsError) as raised:
        settings()
    assert "secret" not in str(raised.value)


def test_api_key_is_never_shown() -> None:
    found = Settings(openaq_api_key="0123abcd")
    assert found.openaq_api_key.get_secret_value() == "0123abcd"
    assert "0123abcd" not in f"{found} {found!r}"


def test_empty_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_ENV", "")
    monkeypatch.setenv("TANDEM_RETRY_DELAY_SECONDS", "")
    assert settings().tandem_env is Environment.DEV
    assert settings().retry_delay_seconds == 1


def test_prod_waits_five_minutes_and_asks_the_real_source() -> None:
    found = Settings(**PROD)
    assert (found.retry_delay_seconds, found.openaq_base_url, found.window("openaq")) == (300, OPENAQ_API, None)


def test_prod_needs_key_and_countries_of_openaq_only_where_openaq_is_asked() -> None:
    with pytest.raises(SettingsError, match=r"OPENAQ_API_KEY is not set.*\nOPENAQ_COUNTRIES is not set"):
        Settings(**PROD).require("OPENAQ_BASE_URL")
    Settings(**PROD, openaq_api_key="k", openaq_countries="VN").require("OPENAQ_BASE_URL")
    with pytest.raises(SettingsError, match=r"^POSTGRES_USER is not set[^\n]*\nPOSTGRES_PASSWORD is not set[^\n]*$"):
        Settings(**PROD, postgres_host="db").require("POSTGRES_HOST")
    Settings(**PROD, stripe_api_key="rk").require("STRIPE_BASE_URL")
    Settings().require("OPENAQ_BASE_URL")
    Settings().require("POSTGRES_HOST")


def test_lists_are_split_and_put_into_the_case_of_the_source() -> None:
    found = Settings(openaq_countries="vn, TH,", openaq_parameters="PM25, o3")
    assert (found.countries, found.parameters) == (("VN", "TH"), ("pm25", "o3"))
    assert (Settings().countries, Settings().parameters) == ((), ())


def test_namespace_is_a_folder_of_a_shared_lake() -> None:
    assert Settings(tandem_lake="s3://bucket/lake/", tandem_namespace="ana").lake_url == "s3://bucket/lake/ana"


def test_window_is_what_was_set_else_what_the_sample_data_covers_else_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sample = tmp_path / "openaq" / "window.json"
    sample.parent.mkdir()
    sample.write_text('{"from": "2025-10-01", "to": "2025-11-29"}')
    monkeypatch.setattr("tandem.settings.SAMPLE_DATA", tmp_path)
    assert Settings(tandem_window="2025-11-01..2025-11-02").window("openaq") == (date(2025, 11, 1), date(2025, 11, 2))
    assert Settings().window("openaq") == (date(2025, 10, 1), date(2025, 11, 29))
    assert Settings(openaq_base_url="http://127.0.0.1:1").window("openaq") is None
    standin = Settings(openaq_base_url="http://127.0.0.1:1", tandem_standins="ecommerce,openaq")
    assert standin.window("openaq") == (date(2025, 10, 1), date(2025, 11, 29))
    assert Settings(**PROD, tandem_standins="openaq").window("openaq") is None


def test_one_source_of_ones_own_is_not_the_sample() -> None:
    assert Settings().serves_sample("ecommerce")
    assert not Settings(stripe_base_url="http://127.0.0.1:1").serves_sample("ecommerce")


def test_secrets_are_those_that_are_set() -> None:
    assert Settings(stripe_api_key="rk_1", slack_bot_token="xoxb-2").secrets == ["rk_1", "xoxb-2"]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings().tandem_env = Environment.PROD


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_env_example_is_current() -> None:
    assert (PROJECT / ".env.example").read_text(encoding="utf-8") == render(), "run: make generate"


def test_importing_settings_stays_light() -> None:
    code = "import sys, tandem.settings; print(*{'airflow', 'dbt', 'duckdb', 'polars', 'httpx'} & sys.modules.keys())"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(PROJECT / "orchestration")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == ""
