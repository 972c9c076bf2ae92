"""Taking the DuckDB file back from dbt, which keeps it open in this process after it has finished."""

from __future__ import annotations

import sys


def close_dbt_connections() -> None:
    """Close every connection that dbt's adapter holds, so that the file's lock is free; nothing when dbt never ran."""
    if "dbt.adapters.duckdb.connections" not in sys.modules:
        return
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections

    cleanup_connections()
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()
