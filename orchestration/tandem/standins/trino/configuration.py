"""The files that configure Trino as Athena's engine on one Glue and one S3; nobody else may read them."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

# Hive and Iceberg tables are one catalogue to Athena; each connector sends what is the other's there.
HIVE, ICEBERG = "awsdatacatalog", "iceberg"
PLAIN = re.compile(r"[!-\[\]-~]")

SERVER = {
    "coordinator": "true",
    "node-scheduler.include-coordinator": "true",
    "node.environment": "tandem",
    "node.bind-ip": "127.0.0.1",
    "node.internal-address": "127.0.0.1",
    "http-server.log.enabled": "false",
    "query.max-memory-per-node": "150MB",
    "memory.heap-headroom-per-node": "120MB",
    # Athena's 100 partitions are a statement's, Trino's a writer's: with one writer both are the same.
    "task.writer-count": "1",
    "task.partitioned-writer-count": "1",
    "task.scale-writers.enabled": "false",
    # Ended statements keep their plans; a server that stays up for days must not keep them all.
    "query.max-history": "20",
    "query.min-expire-age": "30s",
}
HIVE_CONNECTOR = {
    "connector.name": "hive",
    "hive.metastore": "glue",
    "hive.security": "allow-all",
    "hive.non-managed-table-writes-enabled": "true",
    "hive.iceberg-catalog-name": ICEBERG,
    "hive.table-statistics-enabled": "false",
    "hive.collect-column-statistics-on-write": "false",
    "hive.timestamp-precision": "MILLISECONDS",
    "hive.max-partitions-per-writers": "100",
    "parquet.optimized-writer.enabled": "true",
}
ICEBERG_CONNECTOR = {
    "connector.name": "iceberg",
    "iceberg.catalog.type": "glue",
    "iceberg.hive-catalog-name": HIVE,
    "iceberg.table-statistics-enabled": "false",
    "iceberg.extended-statistics.enabled": "false",
    "iceberg.max-partitions-per-writer": "100",
    "iceberg.expire_snapshots.min-retention": "0s",
    "iceberg.remove_orphan_files.min-retention": "0s",
}


@dataclass(frozen=True)
class Cloud:
    """The Glue and S3 that Trino works on, one server for both."""

    url: str
    region: str
    access_key: SecretStr
    secret_key: SecretStr

    def lines(self) -> dict[str, str]:
        """What both connectors are told."""
        return {
            "hive.metastore.glue.region": self.region,
            "hive.metastore.glue.endpoint-url": self.url,
            "hive.metastore.glue.aws-access-key": self.access_key.get_secret_value(),
            "hive.metastore.glue.aws-secret-key": self.secret_key.get_secret_value(),
            "hive.s3.region": self.region,
            "hive.s3.endpoint": self.url,
            "hive.s3.aws-access-key": self.access_key.get_secret_value(),
            "hive.s3.aws-secret-key": self.secret_key.get_secret_value(),
            "hive.s3.path-style-access": "true",
            "hive.s3.ssl.enabled": "false",
            "hive.s3.streaming.enabled": "false",
        }


def write(folder: Path, cloud: Cloud, node: str, port: int) -> Path:
    """Write all files into a folder of their own; returns the one that Trino is started with."""
    catalogues = folder / "catalog"
    catalogues.mkdir(mode=0o700, parents=True, exist_ok=True)
    _properties(catalogues / f"{HIVE}.properties", HIVE_CONNECTOR | cloud.lines())
    _properties(catalogues / f"{ICEBERG}.properties", ICEBERG_CONNECTOR | cloud.lines())
    _properties(folder / "log.properties", {"": "WARN"})
    server = {
        "node.id": node,
        "http-server.http.port": str(port),
        "discovery.uri": f"http://127.0.0.1:{port}",
        "catalog.config-dir": str(catalogues),
        "log.levels-file": str(folder / "log.properties"),
    }
    return _properties(folder / "config.properties", SERVER | server)


def _properties(path: Path, values: Mapping[str, str]) -> Path:
    text = "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    return path


def _escaped(value: str) -> str:
    """A value as Java's properties files take it: no blank, line end or foreign letter that would mean something."""
    units = struct.unpack(f">{len(value.encode('utf-16-be')) // 2}H", value.encode("utf-16-be"))
    return "".join(chr(unit) if PLAIN.fullmatch(chr(unit)) else f"\\u{unit:04x}" for unit in units)
