"""What went wrong in the lake's storage, in words that say what to do."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from tandem.errors import LakeError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


@contextmanager
def explained(verb: str, where: str) -> Iterator[None]:
    """Turn what storage raises inside the block into a LakeError: what failed, where, and what to do about it."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise LakeError(f"Cannot {verb} {where}: {_cause(error)}") from error


def is_missing(error: Exception) -> bool:
    """Whether the error says that there is no such object."""
    return isinstance(error, (FileNotFoundError, NotADirectoryError)) or _number(error) in (errno.ENOENT, errno.ENOTDIR)


def is_precondition(error: Exception) -> bool:
    """Whether the error says that the object is not the expected version."""
    return isinstance(error, (PreconditionError, AlreadyExistsError))


def _cause(error: Exception) -> str:
    number = _number(error)
    if number in _FULL:
        return f"{os.strerror(number)}. Nothing was changed; free space (`tandem gc` helps) and run again."
    if number in _FORBIDDEN or isinstance(error, PermissionDeniedError):
        return "permission denied. Nothing was changed; allow this user to write there, or set TANDEM_LAKE elsewhere."
    if isinstance(error, UnauthenticatedError):
        return "the credentials were refused. Check the AWS_* settings or the profile in use."
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _number(error: Exception) -> int:
    # obstore states the operating system's error only in its text.
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = _OS_ERROR.search(str(error))
    return int(found.group(1)) if found else 0
