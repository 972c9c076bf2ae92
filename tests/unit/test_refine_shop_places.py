"""The tables of countries and states are complete and know what people write."""

from __future__ import annotations

from importlib.resources import files

import polars as pl
import pytest

from tandem.refine.ecommerce_places import as_country, as_state, country_code, state_code

STATES = {"US": 59, "CA": 13}  # the US with its territories and military addresses


def register() -> list[tuple[str, str]]:
    """ISO 3166-1 as the time zone database has it."""
    lines = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text("utf-8").splitlines()
    return [(line[:2], line[3:]) for line in lines if not line.startswith("#")]


def test_every_country_of_the_standard_is_known_by_its_code() -> None:
    assert [country_code(code) for code, _name in register()] == [code for code, _name in register()]


def test_every_full_name_in_the_register_is_known() -> None:
    # It shortens some names to fit its columns, or adds to them.
    shortened = {"AS", "BQ", "CF", "GB", "MF", "MM", "SX", "SZ", "TC", "TF", "VG", "WS"}
    assert {code for code, name in register() if country_code(name) != code} <= shortened


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("us", "US"),
        ("USA", "US"),
        ("U.S.", "US"),
        ("u.s.a.", "US"),
        ("UNITED STATES", "US"),
        ("The United States of America", "US"),
        (" uk ", "GB"),
        ("England", "GB"),
        ("Deutschland", "DE"),
        ("deu", "DE"),
        ("Holland", "NL"),
        ("the netherlands", "NL"),
        ("Netherlands (the)", "NL"),
        ("México", "MX"),
        ("Cote d\N{RIGHT SINGLE QUOTATION MARK}Ivoire", "CI"),
        ("Korea, Republic of", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Congo, the Democratic Republic of the", "CD"),
        ("Virgin Islands, U.S.", "VI"),
        ("St. Lucia", "LC"),
        ("Bosnia & Herzegovina", "BA"),
        ("Guinea Bissau", "GW"),
        ("Czech Republic", "CZ"),
        ("Turkey", "TR"),
    ],
)
def test_a_country_is_known_as_people_write_it(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize("text", ["", " ", "Atlantis", "U", "EU", "n/a", "-", ",", "California"])
def test_what_is_no_country_has_no_code(text: str) -> None:
    assert country_code(text) is None


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "CA", "CA"),
        ("US", "ca", "CA"),
        ("US", "California", "CA"),
        ("US", " CALIFORNIA ", "CA"),
        ("US", "Calif.", "CA"),
        ("US", "D.C.", "DC"),
        ("US", "Washington, D.C.", "DC"),
        ("US", "washington", "WA"),
        ("US", "new-york", "NY"),
        ("CA", "Québec", "QC"),
        ("CA", "quebec", "QC"),
        ("CA", "B.C.", "BC"),
        ("CA", "Newfoundland & Labrador", "NL"),
        ("CA", "California", None),
        ("US", "Ontario", None),
        ("US", "", None),
    ],
)
def test_a_state_is_known_as_people_write_it(country: str, text: str, code: str | None) -> None:
    assert state_code(country, text) == code


@pytest.mark.parametrize("country", STATES)
def test_every_state_is_there(country: str) -> None:
    letters = [chr(letter) for letter in range(ord("A"), ord("Z") + 1)]
    pairs = [first + second for first in letters for second in letters]
    assert sum(state_code(country, pair) == pair for pair in pairs) == STATES[country]


def test_columns_of_places_become_columns_of_codes() -> None:
    came = {
        "country": ["usa", "Canada", "Germany", None, "?", "usa"],
        "state": ["Texas", "Ont.", "Bayern", "x", "y", None],
    }
    country = as_country(pl.col("country"))
    frame = pl.DataFrame(came).select(country=country, state=as_state(pl.col("state"), country))

    assert frame["country"].to_list() == ["US", "CA", "DE", None, None, "US"]
    assert frame["state"].to_list() == ["TX", "ON", "Bayern", "x", "y", None]


@pytest.mark.parametrize("column", [[], [None, None]], ids=["no rows", "only nulls"])
def test_a_column_without_a_place_is_a_column_of_nulls(column: list[None]) -> None:
    frame = pl.DataFrame({"place": pl.Series(column, dtype=pl.String)})
    assert frame.select(as_country(pl.col("place")))["place"].to_list() == column
