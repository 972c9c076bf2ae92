"""The table of units and bounds says the same thing in every unit, and lets real episodes pass."""

from __future__ import annotations

import pytest

from tandem.refine.openaq_bounds import (
    BOUNDS,
    BOUNDS_OF_UNIT,
    FAULT_CODES,
    MICROGRAMS,
    UNITS,
    bounds,
    canonical_parameter,
    canonical_unit,
)

# Grams per mole; a mole of gas is 24.45 litres at 25 °C and 1013 hPa.
MOLAR_MASS = {"o3": 48.0, "no2": 46.01, "so2": 64.07, "co": 28.01}


@pytest.mark.parametrize(
    "spelling",
    ["\N{MICRO SIGN}g/m³", "\N{GREEK SMALL LETTER MU}g/m³", "ug/m3", "UG/M3", " µg/m3 ", "ug/m^3"],
)
def test_every_spelling_of_micrograms_is_one_unit(spelling: str) -> None:
    assert canonical_unit(spelling) == MICROGRAMS


@pytest.mark.parametrize("unit", UNITS)
def test_a_canonical_unit_is_its_own_spelling(unit: str) -> None:
    assert canonical_unit(unit) == unit


@pytest.mark.parametrize("text", [None, "", "furlongs", "g/m³"])
def test_what_is_no_unit_has_no_canonical_form(text: str | None) -> None:
    assert canonical_unit(text) is None


def test_a_parameter_is_lower_case_without_spaces_around_it() -> None:
    assert (canonical_parameter(" PM25 "), canonical_parameter(""), canonical_parameter(None)) == ("pm25", None, None)


def test_every_unit_has_bounds() -> None:
    assert BOUNDS_OF_UNIT.keys() == UNITS.keys()
    assert {unit for _parameter, unit in BOUNDS} <= UNITS.keys()
    assert FAULT_CODES.keys() <= BOUNDS.keys()


def test_a_listed_parameter_has_no_bounds_in_a_unit_it_is_not_measured_in() -> None:
    assert bounds("pm25", "%") is None
    assert bounds("relativehumidity", "%") == (0, 100)


@pytest.mark.parametrize("gas", MOLAR_MASS)
def test_the_bounds_of_a_gas_agree_in_all_units(gas: str) -> None:
    ppb = BOUNDS[gas, "ppb"].high
    assert BOUNDS[gas, "ppm"].high == pytest.approx(ppb / 1000)
    assert BOUNDS[gas, MICROGRAMS].high == pytest.approx(ppb * MOLAR_MASS[gas] / 24.45, rel=0.1)
    assert BOUNDS[gas, "mg/m³"].high == pytest.approx(BOUNDS[gas, MICROGRAMS].high / 1000)


@pytest.mark.parametrize(
    ("parameter", "unit", "value"),
    [
        pytest.param("pm25", MICROGRAMS, 1_799, id="bushfires in Wagga Wagga"),
        pytest.param("pm10", MICROGRAMS, 15_366, id="dust over Sydney"),
        pytest.param("o3", "ppb", 460, id="Mexico City"),
        pytest.param("so2", MICROGRAMS, 5_400, id="Holuhraun eruption"),
        pytest.param("pm25", MICROGRAMS, 0, id="clean air"),
    ],
)
def test_real_episodes_are_within_the_bounds(parameter: str, unit: str, value: float) -> None:
    limits = bounds(parameter, unit)
    assert limits is not None
    assert limits.low <= value <= limits.high
