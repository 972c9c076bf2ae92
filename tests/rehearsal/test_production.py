"""Production mode itself, with every endpoint pointed at servers that the test keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from homes import Home, RehearsalHome

from tandem.lake import lease
from tandem.lake.store import open_store
from tandem.settings import REHEARSAL_BUCKET, Environment, Settings, TargetName
from tandem.standins import cloud
from tandem.standins import kept as keeping
from tandem.standins.openaq.server import OpenAQStandin

LAKE = f"s3://{REHEARSAL_BUCKET}/production"
DAY = "2025-11-10"


class ProductionHome(Home):
    """A home of production, whose environment names the account and the sources."""

    patience = 600.0

    def __init__(self, path: Path, account: Mapping[str, str]) -> None:
        super().__init__(path, "prod", "athena")
        self.switch |= account


@pytest.fixture(scope="session")
def account(kept: RehearsalHome) -> Iterator[dict[str, str]]:
    """What a user sets for an account and a source; both are local servers."""
    state = Settings(tandem_env=Environment.REHEARSAL, tandem_target=TargetName.ATHENA, tandem_home=kept.path).state
    running = keeping.status(state, cloud.KIND)
    assert running
    variables = cloud.client_environment(running.base_url)
    with OpenAQStandin() as source:
        yield {name: value for name, value in variables.items() if value is not None} | {
            "TANDEM_LAKE": LAKE,
            "TANDEM_NAMESPACE": "ana",
            "OPENAQ_BASE_URL": source.base_url,
            "OPENAQ_API_KEY": source.api_key.get_secret_value(),
            "OPENAQ_COUNTRIES": "VN,TH",
        }


def test_a_day_is_built_in_the_namespace_and_looked_into(account: dict[str, str], tmp_path: Path) -> None:
    home = ProductionHome(tmp_path, account)
    answer = home.tandem("prod-run", "openaq", "--date", DAY)
    assert answer.code == 0, answer.said
    assert answer.said.count("OK  ") >= 5
    assert account["OPENAQ_API_KEY"] not in answer.said
    rows = home.query("select partition_date as day, count(*) as n from ana_openaq_marts.fct_measurements group by 1")
    assert [row["day"] for row in rows] == [DAY]
    countries = home.query("select distinct country_code as code from ana_openaq_marts.dim_locations order by 1")
    assert [row["code"] for row in countries] == ["TH", "VN"]
    store = open_store_of(account)
    assert store.get("ana/_ledger/athena/openaq.json") is not None


def open_store_of(account: Mapping[str, str]):
    with pytest.MonkeyPatch.context() as environment:
        for name, value in account.items():
            environment.setenv(name, value)
        return open_store(LAKE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
        ({"TANDEM_LAKE": "s3://no-such-bucket-anywhere/x"}, "no-such-bucket-anywhere"),
        ({"TANDEM_LAKE": ""}, "TANDEM_LAKE is not set"),
        ({"OPENAQ_API_KEY": "wrong"}, "OPENAQ_API_KEY"),
        ({"ATHENA_WORK_GROUP": "nobody"}, "nobody"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_missing_is_said_before_anything_is_touched(
    change: dict[str, str], said: str, account: dict[str, str], tmp_path: Path
) -> None:
    home = ProductionHome(tmp_path / "home", {**account, "TANDEM_NAMESPACE": "nothing", **change})
    answer = home.tandem("prod-run", "openaq", "--date", DAY)
    assert answer.code == 2, answer.said
    assert said in answer.said
    assert "nothing was started" in answer.said
    assert "Traceback" not in answer.said
    assert list(open_store_of(account).list("nothing")) == []
    assert not (home.state / "airflow").exists()


def test_a_run_elsewhere_that_holds_the_lake_is_named(
    account: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    with lease.held(open_store(f"{LAKE}/held"), "deployed", "Airflow run scheduled__2025-11-09"):
        home = ProductionHome(tmp_path, {**account, "TANDEM_NAMESPACE": "held"})
        answer = home.tandem("prod-run", "openaq", "--date", DAY)
    assert answer.code == 2, answer.said
    assert "scheduled__2025-11-09" in answer.said


def test_the_doctor_names_each_thing(account: dict[str, str], tmp_path: Path, check: Callable[..., None]) -> None:
    answer = ProductionHome(tmp_path, account).tandem("doctor", "openaq")
    assert answer.code == 0, answer.said
    check(answer.said)


def test_the_doctor_names_what_each_source_of_the_shop_lacks(account: dict[str, str], tmp_path: Path) -> None:
    answer = ProductionHome(tmp_path, {**account, "POSTGRES_HOST": "db"}).tandem("doctor", "ecommerce")
    assert answer.code == 2, answer.said
    faults = [line for line in answer.said.splitlines() if line.startswith("FAIL")]
    named = [("postgres", "POSTGRES_USER"), ("stripe", "STRIPE_API_KEY"), ("marketing files", "MARKETING_FILES")]
    for line, (source, setting) in zip(faults, named, strict=True):
        assert source in line
        assert setting in line


@pytest.fixture
def check() -> Callable[[str], None]:
    def each(said: str) -> None:
        for word in ("identity", "bucket", "Glue", "work group", "source openaq"):
            assert any(line.startswith("OK") and word.lower() in line.lower() for line in said.splitlines()), said

    return each
