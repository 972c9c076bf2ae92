"""The process of the Stripe stand-in; its orders are made by `Vendor.orders`."""

from __future__ import annotations

from tandem.standins.serving import serve
from tandem.standins.stripe.app import create_app

if __name__ == "__main__":
    serve(create_app)
