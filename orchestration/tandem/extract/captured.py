"""What an extraction hands back."""

from __future__ import annotations

from dataclasses import dataclass, field

from tandem.lake.manifest import Manifest


@dataclass(frozen=True)
class Captured:
    """The raw commits of an extraction, oldest day first, and what a reader should know about the source."""

    manifests: list[Manifest]
    notices: list[str] = field(default_factory=list)
