"""Where a partition lives: one day of one entity, in one zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Zone(StrEnum):
    """The zones of the lake, in the order in which data passes them."""

    RAW = "raw"
    PROCESSED = "processed"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, order=True)
class Partition:
    """One day of one entity, by the entity's clock."""

    system: str
    entity: str
    day: date

    def folder(self, zone: Zone) -> str:
        """Hive path of this partition: `raw/openaq/measurements/year=2025/month=11/day=20`."""
        return f"{zone}/{self.system}/{self.entity}/year={self.day:%Y}/month={self.day:%m}/day={self.day:%d}"

    @property
    def key(self) -> str:
        """`openaq/measurements/2025-11-20`, the form used in manifests and messages."""
        return f"{self.system}/{self.entity}/{self.day.isoformat()}"

    @classmethod
    def parse(cls, key: str) -> Partition:
        """Read what `key` wrote; raises ValueError for anything else."""
        system, entity, day = key.split("/")
        return cls(system, entity, date.fromisoformat(day))

    @classmethod
    def from_path(cls, path: str) -> Partition:
        """The partition that a path inside the lake belongs to; raises ValueError for other paths."""
        zone, system, entity, year, month, day = path.split("/")[:6]
        numbers = [int(part.partition("=")[2]) for part in (year, month, day)]
        partition = cls(system, entity, date(*numbers))
        if not f"{path}/".startswith(f"{partition.folder(Zone(zone))}/"):
            raise ValueError(f"{path!r} is not inside a partition")
        return partition
