"""A vendor's API as a stand-in: what its process is told, and the address and key it answers with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import SecretStr

from tandem.standins.faults import Fault, RateLimit
from tandem.standins.process import HttpKind, Standin


@dataclass(frozen=True)
class Vendor:
    """A vendor: its kind of stand-in, the folder with its sample data, and how its keys begin."""

    kind: HttpKind
    data: Path
    key_prefix: str = ""

    def orders(
        self,
        data: Path | None = None,
        *,
        overlay: Path | None = None,
        faults: Sequence[Fault] = (),
        rate_limit: RateLimit | None = None,
        port: int = 0,
    ) -> dict[str, Any]:
        """What the process is told; each call makes a key of its own. Port 0 takes a free one."""
        limit = rate_limit or RateLimit()
        return {
            "data": str((data or self.data).resolve()),
            "overlay": overlay and str(overlay.resolve()),
            "faults": [asdict(fault) for fault in faults],
            "rate_limit": {"limit": limit.limit, "period_seconds": limit.period_seconds},
            "port": port,
            "api_key": f"{self.key_prefix}{secrets.token_hex(24)}",
        }


class VendorStandin(Standin):
    """A vendor's stand-in for the length of a `with` block, or until this process dies, however it dies."""

    vendor: ClassVar[Vendor]

    def __init__(self, data: Path | None = None, **told: Any) -> None:
        """Takes what `Vendor.orders` takes."""
        orders = self.vendor.orders(data, **told)
        self.api_key = SecretStr(orders["api_key"])
        super().__init__(self.vendor.kind, orders)
