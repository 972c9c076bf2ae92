"""What the lake says when storage refuses."""

from __future__ import annotations

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError

from tandem.errors import Conflict, LakeError
from tandem.lake.failures import explained


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        pytest.param(GenericError("copy: No space left (os error 28)"), "No space left on device", id="disk full"),
        pytest.param(OSError(122, "quota"), "Disk quota exceeded", id="quota"),
        pytest.param(GenericError("open: (os error 30)"), "permission denied", id="read-only"),
        pytest.param(PermissionError(13, "no"), "permission denied", id="forbidden"),
        pytest.param(PermissionDeniedError("403\nlong"), "permission denied", id="S3 forbids"),
        pytest.param(UnauthenticatedError("401"), "credentials were refused", id="S3 key"),
        pytest.param(GenericError("first line\nDebug source: long"), "first line", id="other"),
        pytest.param(ValueError(), "ValueError", id="no words"),
    ],
)
def test_storage_failures_say_what_where_and_why_on_one_line(raised: Exception, said: str) -> None:
    with pytest.raises(LakeError) as caught, explained("write", "s3://lake/a"):
        raise raised
    message = str(caught.value)
    assert message.startswith("Cannot write s3://lake/a: ")
    assert said in message
    assert "\n" not in message
    assert caught.value.__cause__ is raised


def test_errors_of_tandem_pass_unchanged() -> None:
    conflict = Conflict("as it is")
    with pytest.raises(Conflict) as caught, explained("write", "x"):
        raise conflict
    assert caught.value is conflict
