"""The source YAML that dbt reads says what the schemas declare."""

import pytest
import yaml

from tandem.errors import SettingsError
from tandem.schemas import SYSTEMS, Decimal, Type, entities
from tandem.targets.dbt_sources import render_sources, sources_path, sql_type


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_committed_sources_are_current(system):
    assert sources_path(system).read_text(encoding="utf-8") == render_sources(system), (
        "run `tandem schemas --write` and commit the result"
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_source_table_has_the_declared_columns_and_then_the_hive_keys(system):
    tables = yaml.safe_load(render_sources(system))["sources"][0]["tables"]
    for table, entity in zip(tables, entities(system), strict=True):
        names = [column["name"] for column in table["columns"]]
        assert names == [column.name for column in entity.columns] + ["year", "month", "day"]


def test_a_decimal_keeps_its_precision():
    assert sql_type(Decimal(12, 2)) == "decimal(12, 2)"


def test_text_is_varchar_on_every_target():
    assert sql_type(Type.STRING) == "varchar"


def test_an_unknown_system_is_refused():
    with pytest.raises(SettingsError):
        render_sources("weather")
