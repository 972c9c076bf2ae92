"""What the last dbt command left behind of each node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_BAD = ("error", "runtime error")

# Unique id and message of a node that failed.
Failed = tuple[str, str]


def failed_nodes(artifacts: Path) -> list[Failed]:
    """Unique id and dbt's message of each node that failed in the last command."""
    return [(one["unique_id"], one["message"] or "") for one in results_of(artifacts) if one["status"] in _BAD]


def results_of(artifacts: Path) -> list[dict[str, Any]]:
    """What the last command did to each node; nothing when it found none to do."""
    file = artifacts / "run_results.json"
    return json.loads(file.read_text(encoding="utf-8"))["results"] if file.exists() else []
