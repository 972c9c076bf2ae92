"""What Athena says of a statement that failed: the reason, and the numbers of its error catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tandem.errors import Refused, TrinoError

# Source: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
SYSTEM, USER, OTHER = 1, 2, 3
ENGINE_ERROR, ICEBERG_ERROR, METASTORE_ERROR, RESULT_NOT_WRITTEN = 200, 233, 204, 402
USER_ERROR, DDL_FAILED, SYNTAX_ERROR = 1000, 1003, 1006
NO_SUCH_TABLE, NOT_SUPPORTED, NOT_FOUND, EXHAUSTED = 1110, 1200, 1301, 0
TYPES = {
    "SYNTAX_ERROR": SYNTAX_ERROR,
    "PARSE_EXCEPTION": DDL_FAILED,
    "NOT_SUPPORTED": NOT_SUPPORTED,
    "TABLE_NOT_FOUND": NO_SUCH_TABLE,
    "SCHEMA_NOT_FOUND": NOT_FOUND,
    "CATALOG_NOT_FOUND": NOT_FOUND,
    "HIVE_METASTORE_ERROR": METASTORE_ERROR,
}


@dataclass(frozen=True)
class Failure:
    """A reason as StateChangeReason has it, and AthenaError's category and type."""

    reason: str
    category: int
    kind: int

    def as_error(self) -> dict[str, Any]:
        """The field AthenaError."""
        return {
            "ErrorCategory": self.category,
            "ErrorType": self.kind,
            "Retryable": False,
            "ErrorMessage": self.reason,
        }


def of_trino(error: TrinoError) -> Failure:
    """Trino's error under its own name, as Athena shows it: `SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved`."""
    reason = f"{error.name}: {error.message}"
    if error.name.startswith("ICEBERG_"):
        return Failure(reason, _category(error), ICEBERG_ERROR)
    if error.kind == "INSUFFICIENT_RESOURCES":
        return Failure(f"{reason} (Query exhausted resources at this scale factor)", SYSTEM, EXHAUSTED)
    otherwise = USER_ERROR if error.kind == "USER_ERROR" else ENGINE_ERROR
    return Failure(reason, _category(error), TYPES.get(error.name, otherwise))


def of_refusal(error: Refused) -> Failure:
    """What is refused after the start: Hive's definitions (`FAILED: …`) and what the catalogue does not have."""
    known = error.message.startswith(("FAILED:", f"{error.error_type}:"))
    reason = error.message if known else f"{error.error_type}: {error.message}"
    return Failure(reason, USER, TYPES.get(error.error_type, USER_ERROR))


def of_store(error: Exception) -> Failure:
    """The result file cannot be written."""
    return Failure(f"Failed to write query results to Amazon S3: {error}", USER, RESULT_NOT_WRITTEN)


def of_engine(error: Exception) -> Failure:
    """The engine, the catalogue or the endpoint itself is at fault."""
    return Failure(f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}", SYSTEM, ENGINE_ERROR)


def _category(error: TrinoError) -> int:
    return USER if error.kind == "USER_ERROR" else SYSTEM if error.kind == "INTERNAL_ERROR" else OTHER
