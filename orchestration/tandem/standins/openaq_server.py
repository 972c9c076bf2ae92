"""The OpenAQ stand-in as a process: what it is told, and the address and key it answers with.

with OpenAQStandin() as source:
    OpenAQ(source.base_url, source.api_key)
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tandem.settings import PROJECT
from tandem.standins.faults import Fault, RateLimit
from tandem.standins.process import Kind, Standin

SAMPLE_DATA = PROJECT / "sample_data" / "openaq"
KIND = Kind("openaq", "tandem.standins.serve", ping="/ping", mark="standin")


class OpenAQStandin(Standin):
    """The OpenAQ stand-in for the length of a `with` block, or until this process dies, however it dies."""

    def __init__(
        self,
        data: Path = SAMPLE_DATA,
        *,
        overlay: Path | None = None,
        faults: Sequence[Fault] = (),
        rate_limit: RateLimit | None = None,
        port: int = 0,
    ) -> None:
        """`overlay` is a JSON file (see `openaq_data`); `port` 0 takes a free one."""
        told = orders(data, overlay=overlay, faults=faults, rate_limit=rate_limit, port=port)
        self.api_key = SecretStr(told["api_key"])
        super().__init__(KIND, told)


def orders(
    data: Path = SAMPLE_DATA,
    *,
    overlay: Path | None = None,
    faults: Sequence[Fault] = (),
    rate_limit: RateLimit | None = None,
    port: int = 0,
) -> dict[str, Any]:
    """What the process is told; each call makes a key of its own."""
    limit = rate_limit or RateLimit()
    return {
        "data": str(data.resolve()),
        "overlay": overlay and str(overlay.resolve()),
        "faults": [asdict(fault) for fault in faults],
        "rate_limit": {"limit": limit.limit, "period_seconds": limit.period_seconds},
        "port": port,
        "api_key": secrets.token_hex(24),
    }
