"""OpenAQ: one vendor."""

from __future__ import annotations

from tandem.standins.openaq.server import OpenAQStandin
from tandem.standins.systems import Served, Source

VENDOR = OpenAQStandin.vendor


def _variables(served: Served) -> dict[str, str]:
    return {"OPENAQ_BASE_URL": served.base_url, "OPENAQ_API_KEY": served.facts["api_key"]}


SOURCES = (Source("openaq", "OPENAQ_BASE_URL", _variables, VENDOR.kind, VENDOR.orders),)
