"""House rules of the dbt project, read from its text; what engines read differently is in test_static_lint."""

import csv
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tandem.schemas import SYSTEMS, entities

PROJECT = Path(__file__).resolve().parents[2] / "dbt"
PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_", "obt_")}
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
LITRES_PER_MOLE = 24.45


def name(path: Path) -> str:
    return path.stem


def sql(path: Path) -> str:
    """Text of a query without its Jinja and SQL comments."""
    return re.sub(r"\{#.*?#\}|--[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


@cache
def described(kind: str) -> dict[str, dict]:
    """Everything of a kind that the project's YAML describes, by name."""
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in PROJECT.rglob("*.yml")]
    return {item["name"]: item for document in documents for item in document.get(kind) or () if isinstance(item, dict)}


def seed(table: str, system: str = "openaq") -> list[dict[str, str]]:
    with (PROJECT / "seeds" / system / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_folder_holds_no_python():
    assert not list(PROJECT.rglob("*.py"))


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_a_model_has_the_prefix_of_its_layer(path):
    layer = path.relative_to(PROJECT / "models").parts[0]
    assert path.stem.startswith(PREFIXES[layer])


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_only_staging_reads_a_source(path):
    is_staging = path.relative_to(PROJECT / "models").parts[0] == "staging"
    assert ("source(" in sql(path)) is is_staging


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_the_hive_keys_are_read_through_their_macros_only(path):
    assert not re.search(r"\b(year|month|day)\b", sql(path))


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_every_column_of_a_model_is_described(path):
    model = described("models").get(path.stem)
    assert model, f"{path.stem} has no YAML"
    assert model.get("description")
    assert model["columns"]
    assert all(column.get("description") for column in model["columns"])


def test_a_model_described_is_a_model_that_exists():
    assert set(described("models")) == {path.stem for path in MODELS}


@pytest.mark.parametrize("kind", ["models", "seeds"])
def test_a_description_opens_with_the_grain(kind):
    assert all(item["description"].startswith("One row per ") for item in described(kind).values())


def incremental(*, merged: bool) -> list[dict]:
    configured = [(model, model.get("config", {})) for model in described("models").values()]
    built = [(model, config) for model, config in configured if config.get("materialized") == "incremental"]
    return [model for model, config in built if (config.get("incremental_strategy") == "merge") is merged]


@pytest.mark.parametrize("merged", [False, True], ids=["by-partition", "merged"])
def test_an_incremental_model_says_what_it_owes_and_ends_in_its_partition(merged):
    assert incremental(merged=merged)
    for model in incremental(merged=merged):
        assert model["config"]["meta"]["owed"]
        assert model["columns"][-1]["name"] == "partition_date"
        assert model["columns"][-1].get("data_type", "date") == "date"


def test_a_model_built_by_partition_is_partitioned_by_it():
    assert all(model["config"]["partitioned_by"] == ["partition_date"] for model in incremental(merged=False))


def test_a_merged_model_is_an_iceberg_table_with_a_key_that_lets_go_of_what_is_gone():
    for model in incremental(merged=True):
        config = model["config"]
        assert config["unique_key"] in [column["name"] for column in model["columns"]]
        assert config["table_type"] == "iceberg"
        assert "clear_gone(" in str(config["post_hook"])


def test_what_a_model_owes_are_entities():
    owed = [model.get("config", {}).get("meta", {}).get("owed", []) for model in described("models").values()]
    named = {name for names in owed for name in ([names] if isinstance(names, str) else names)}
    assert named <= {entity.name for system in SYSTEMS for entity in entities(system)}


@pytest.mark.parametrize("row", seed("unit_conversions"), ids=lambda row: f"{row['parameter']}-{row['from_unit']}")
def test_a_conversion_factor_follows_from_the_molar_mass_or_the_prefixes(row):
    grams = {"mg/m³": 1e-3, "µg/m³": 1e-6}
    share = {"ppm": 1e-6, "ppb": 1e-9}
    per_cubic_metre = (
        share[row["from_unit"]] * float(row["molar_mass"]) / LITRES_PER_MOLE * 1000
        if row["from_unit"] in share
        else grams[row["from_unit"]]
    )
    assert float(row["factor"]) == pytest.approx(per_cubic_metre / grams[row["to_unit"]], rel=1e-8)


def test_every_who_guideline_is_there():
    levels = {row["parameter"]: (float(row["guideline_value"]), row["unit"]) for row in seed("who_guidelines")}
    assert levels == {
        "pm25": (15, "µg/m³"),
        "pm10": (45, "µg/m³"),
        "no2": (25, "µg/m³"),
        "so2": (40, "µg/m³"),
        "co": (4, "mg/m³"),
        "o3": (100, "µg/m³"),
    }


def test_every_currency_has_a_rate_each_month_and_one_for_old_dates():
    rates = seed("currency_rates", "ecommerce")
    for currency in {row["currency"] for row in seed("country_currencies", "ecommerce")} - {"USD"}:
        dates = sorted(row["effective_date"] for row in rates if row["from_currency"] == currency)
        assert dates[0] == "2000-01-01"
        assert dates[1:] == [f"{year}-{month:02}-01" for year in (2024, 2025, 2026) for month in range(1, 13)]


def test_the_statuses_that_count_as_revenue_are_those_that_are_documented():
    counting = {row["status"] for row in seed("order_statuses", "ecommerce") if row["counts_as_revenue"] == "true"}
    assert counting == {"processing", "shipped", "delivered", "refunded"}
    description = described("models")["fct_daily_revenue"]["description"]
    assert all(row["status"] in description for row in seed("order_statuses", "ecommerce"))
