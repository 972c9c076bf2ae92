"""The OpenAQ stand-in as a process.

with OpenAQStandin() as source:
    OpenAQ(source.base_url, source.api_key)
"""

from __future__ import annotations

from tandem.settings import SAMPLE_DATA
from tandem.standins.process import HttpKind
from tandem.standins.vendor import Vendor, VendorStandin

KIND = HttpKind("openaq", "tandem.standins.openaq.serve", ping="/ping", mark="standin")


class OpenAQStandin(VendorStandin):
    """OpenAQ's API over a folder that `scripts/generate_openaq.py` wrote; an overlay changes it (see `data`)."""

    vendor = Vendor(KIND, SAMPLE_DATA / "openaq")
