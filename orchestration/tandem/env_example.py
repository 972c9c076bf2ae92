"""Writes `.env.example` from the fields of `Settings`: python -m tandem.env_example."""

from __future__ import annotations

from typing import Any

from tandem.settings import PROJECT, Settings, allowed_values

HEAD = """\
# Generated from orchestration/tandem/settings.py by `make generate`.
# Copy to .env and uncomment what you need; with nothing set, everything runs on this machine.
# The environment wins over this file, an empty value is no value; TANDEM_ENV_FILE names another file.
"""


def render() -> str:
    """The text of `.env.example`: every setting, what it is for and what it takes."""
    return HEAD + "".join(_entry(name) for name in Settings.model_fields)


def _entry(name: str) -> str:
    field = Settings.model_fields[name]
    extra: Any = field.json_schema_extra
    return f"\n# {field.description}\n# Allowed: {allowed_values(name)}.\n#{name.upper()}={extra['example']}\n"


if __name__ == "__main__":
    (PROJECT / ".env.example").write_text(render(), encoding="utf-8")
