"""AWS's JSON protocol: one operation a request, named in a header, JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tandem.errors import TandemError
from tandem.standins.aws.http import StartResponse

Json = dict[str, Any]


class ApiError(TandemError):
    """An answer that is an error: its AWS code and message, and fields that go with it."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: str) -> None:
        super().__init__(message)
        self.code, self.status, self.fields = code, status, fields


def invalid(message: str, code: str = "INVALID_INPUT") -> ApiError:
    """Athena's refusal of a request."""
    return ApiError("InvalidRequestException", message, AthenaErrorCode=code)


def answer(start_response: StartResponse, content: Json) -> Iterable[bytes]:
    """Send a success."""
    return _send(start_response, "200 OK", content)


def refuse(start_response: StartResponse, error: ApiError) -> Iterable[bytes]:
    """Send an error in the form that botocore and the Java SDK read."""
    content = {"__type": error.code, "Message": str(error), "message": str(error), **error.fields}
    status = "400 Bad Request" if error.status < 500 else "500 Internal Server Error"
    return _send(start_response, status, content, ("x-amzn-errortype", error.code))


def internal(error: Exception, code: str) -> ApiError:
    """Our own mistake, as the service says it; clients try again."""
    return ApiError(code, f"{type(error).__name__}: {error}", 500)


def _send(start_response: StartResponse, status: str, content: Json, *headers: tuple[str, str]) -> Iterable[bytes]:
    body = json.dumps(content, default=str).encode()
    start_response(status, [("Content-Type", "application/x-amz-json-1.1"), *headers])
    return [body]
