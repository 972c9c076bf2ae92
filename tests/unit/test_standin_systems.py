"""Every system says what stands in for its sources, in the words of the settings."""

from __future__ import annotations

import pytest

from tandem.schemas import SYSTEMS
from tandem.settings import ADDRESSES, Settings
from tandem.standins.systems import Served, all_sources, sources

FACTS = {"port": 1, "database": "d", "user": "u", "password": "p", "api_key": "k"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_has_a_stand_in_for_each_address_of_its_settings(system: str) -> None:
    assert tuple(source.address for source in sources(system)) == ADDRESSES[system]


def test_what_stands_in_is_reached_by_settings_that_exist() -> None:
    for source in all_sources():
        variables = source.variables(Served("http://127.0.0.1:1", FACTS))
        assert source.address in variables
        assert {name.lower() for name in variables} <= set(Settings.model_fields)


def test_kinds_have_names_and_modules_of_their_own() -> None:
    kinds = [source.kind for source in all_sources() if source.kind]
    assert len({kind.name for kind in kinds}) == len({kind.module for kind in kinds}) == len(kinds)


def test_each_start_has_secrets_of_its_own() -> None:
    for source in all_sources():
        if source.kind:
            assert source.orders() != source.orders()


def test_an_unknown_system_has_no_sources() -> None:
    assert sources("weather") == ()
