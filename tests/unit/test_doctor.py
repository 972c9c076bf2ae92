"""The doctor looks at every source of a system by itself."""

from __future__ import annotations

from pathlib import Path

from tandem.doctor import checks
from tandem.settings import Settings


def test_every_source_without_an_address_is_named_with_what_to_do() -> None:
    found = {check.name: check for check in checks(Settings(), ["ecommerce", "openaq"])}
    assert list(found) == ["lake", "source postgres", "source stripe", "source marketing files", "source openaq"]
    assert not any(check.ok for name, check in found.items() if name != "lake")
    assert found["source stripe"].detail.startswith("STRIPE_BASE_URL: not set")
    assert "make dev" in found["source stripe"].remedy


def test_a_source_that_is_well_says_where_it_is(tmp_path: Path) -> None:
    url = tmp_path.as_uri()
    found = {check.name: check for check in checks(Settings(marketing_files=url), ["ecommerce"])}
    assert found["source marketing files"].ok
    assert found["source marketing files"].detail == url
    assert not found["source postgres"].ok
