"""The Stripe stand-in as a process.

with StripeStandin() as source:
    httpx.get(f"{source.base_url}/v1/charges", auth=(source.api_key.get_secret_value(), ""))
"""

from __future__ import annotations

from tandem.settings import SAMPLE_DATA
from tandem.standins.process import HttpKind
from tandem.standins.vendor import Vendor, VendorStandin

KIND = HttpKind("stripe", "tandem.standins.stripe.serve", ping="/ping", mark="standin")


class StripeStandin(VendorStandin):
    """Stripe's API over a folder that `scripts/generate_ecommerce.py` wrote; an overlay changes it (see `data`)."""

    vendor = Vendor(KIND, SAMPLE_DATA / "ecommerce" / "stripe", key_prefix="rk_test_")
