"""The shop: its PostgreSQL, its payments at Stripe, and a folder of files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tandem.settings import SAMPLE_DATA
from tandem.standins.postgres import server as postgres
from tandem.standins.postgres import shop
from tandem.standins.stripe.server import StripeStandin
from tandem.standins.systems import Served, Source

STRIPE = StripeStandin.vendor
MARKETING = SAMPLE_DATA / "ecommerce" / "marketing"


def _database(served: Served) -> dict[str, str]:
    return {
        "POSTGRES_HOST": postgres.HOST,
        "POSTGRES_PORT": str(served.facts["port"]),
        "POSTGRES_DATABASE": served.facts["database"],
        "POSTGRES_SCHEMA": "public",
        "POSTGRES_USER": served.facts["user"],
        "POSTGRES_PASSWORD": served.facts["password"],
        "POSTGRES_SSLMODE": "disable",
    }


def _payments(served: Served) -> dict[str, str]:
    return {"STRIPE_BASE_URL": served.base_url, "STRIPE_API_KEY": served.facts["api_key"]}


def _files(served: Served) -> dict[str, str]:
    return {"MARKETING_FILES": MARKETING.as_uri()}


def _orders(port: int = 0) -> Mapping[str, Any]:
    return postgres.orders(shop.content(), port=port)


SOURCES = (
    Source("postgres", "POSTGRES_HOST", _database, postgres.KIND, _orders),
    Source("stripe", "STRIPE_BASE_URL", _payments, STRIPE.kind, STRIPE.orders),
    Source("marketing", "MARKETING_FILES", _files),
)
