"""The one tree of errors.

TandemError                 anything Tandem raises on purpose
  SettingsError             a setting is missing or wrong; the user fixes it (exit 2)
  LakeError                 the lake refused or is inconsistent
    Conflict                somebody else replaced the object first
    LeaseHeld               another run holds the lake (exit 2)
  SourceError               a source answered something we cannot use
    SourceRefused           the source rejects our request (bad key, bad parameter): retrying is useless
    SchemaChanged           the source has other columns than declared: retrying is useless
    SourceUnavailable       the source did not answer properly in time: may be retried
  RefineError               raw payloads cannot be turned into rows at all
  WarehouseError            publish, query or ledger failed
    ValidationFailed        what was published disagrees with the manifests or the schema
  DbtError                  dbt ended with failed nodes
  CannotCompare             two targets cannot be held against each other (exit 2)
  StandinError              a local server cannot be fetched, assembled or started
  TrinoError                the local Trino refused or failed a statement
  Refused                   the local Athena refuses a statement, as Athena does
"""

from collections.abc import Mapping
from typing import Any


class TandemError(Exception):
    """Base of every error Tandem raises on purpose.

    `exit_code` is what a command returns (2: the user can fix it, 1: the run failed);
    `retryable` says whether a later attempt may succeed without a change.
    """

    exit_code = 1
    retryable = False


class SettingsError(TandemError):
    """A setting is missing or has a value that is not allowed."""

    exit_code = 2


class LakeError(TandemError):
    """The lake refused an operation or holds something inconsistent."""


class Conflict(LakeError):
    """An object was replaced by somebody else since it was read."""

    retryable = True


class LeaseHeld(LakeError):
    """Another run holds the lease of this lake."""

    exit_code = 2


class SourceError(TandemError):
    """A source answered something that cannot be used."""


class SourceRefused(SourceError):
    """The source rejects the request; a retry gives the same answer."""


class SchemaChanged(SourceError):
    """A column or field that an entity needs is gone from its source, or of another kind."""


class SourceUnavailable(SourceError):
    """The source did not answer properly in time."""

    retryable = True


class RefineError(TandemError):
    """Raw payloads cannot be turned into rows at all."""


class WarehouseError(TandemError):
    """Publishing to, or reading from, the warehouse failed."""


class ValidationFailed(WarehouseError):
    """What was published disagrees with the manifests or the declared schema."""


class DbtError(TandemError):
    """dbt ended with failed nodes; `facts` has what it did and what it left undone, for the journal."""

    def __init__(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.facts = dict(facts or {})


class StandinError(TandemError):
    """A local server cannot be fetched, assembled or started."""


class TrinoError(TandemError):
    """The local Trino refused or failed a statement; `name`, `kind`, `line` and `column` are as Trino gives them."""

    def __init__(self, name: str, kind: str, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.name, self.kind, self.message, self.line, self.column = name, kind, message, line, column


class Refused(TandemError):
    """The local Athena refuses a statement; `error_type` names the kind as Athena's messages do, the text is Athena's.

    `at_start` tells what StartQueryExecution itself rejects (InvalidRequestException) from what fails as a query.
    """

    def __init__(self, error_type: str, message: str, *, at_start: bool = False) -> None:
        super().__init__(message)
        self.error_type, self.message, self.at_start = error_type, message, at_start


class CannotCompare(TandemError):
    """Two targets cannot be held against each other: one is missing, incomplete, or built from something else."""

    exit_code = 2
