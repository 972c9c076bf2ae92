"""The process of the OpenAQ stand-in; its orders are made by `Vendor.orders`."""

from __future__ import annotations

from tandem.standins.openaq.app import create_app
from tandem.standins.serving import serve

if __name__ == "__main__":
    serve(create_app)
