"""What AWS refuses, in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from tandem.errors import SettingsError, WarehouseError

SIGN_IN = (
    "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in with `aws sso login`, or run with a role."
)
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "InvalidToken",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}
# Permissions that are not called like the request.
_ACTIONS = {"HeadBucket": "s3:ListBucket", "PutObject": "s3:PutObject", "DeleteObject": "s3:DeleteObject"}
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.UnauthorizedSSOTokenError,
    boto.TokenRetrievalError,
)
_UNREACHED = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ReadTimeoutError, boto.ConnectionError)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what boto3 raises inside the block into a WarehouseError that says what failed and what to do.

    Missing or expired credentials and a missing region become a SettingsError: the user fixes those.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        kind = SettingsError if is_about_settings(error) else WarehouseError
        raise kind(f"Cannot {doing}: {said(error)}. {remedy(error)}".rstrip()) from error


def code(error: Exception) -> str:
    """AWS's name of an error, empty for one that did not come from AWS."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def said(error: Exception) -> str:
    """The error in AWS's own words, on one line."""
    if isinstance(error, ClientError):
        return f"{code(error)}: {error.response.get('Error', {}).get('Message', '')}".strip().rstrip(".:")
    return " ".join(str(error).split()).rstrip(".")


def is_about_settings(error: Exception) -> bool:
    """Whether no request can succeed until credentials or region are set right."""
    return isinstance(error, (*_NO_CREDENTIALS, boto.NoRegionError)) or code(error) in _EXPIRED | _UNKNOWN


def remedy(error: Exception) -> str:
    """What the user can do about it; empty when the error says so itself."""
    if isinstance(error, _NO_CREDENTIALS):
        return SIGN_IN
    if isinstance(error, boto.NoRegionError):
        return "Set AWS_REGION, or a region in the AWS profile."
    if isinstance(error, _UNREACHED):
        return "Check the network, AWS_REGION and, where one is set, AWS_ENDPOINT_URL."
    if code(error) in _EXPIRED:
        return "The credentials have expired: sign in again (`aws sso login`) or fetch new ones."
    if code(error) in _UNKNOWN:
        return f"AWS does not accept these credentials. {SIGN_IN}"
    if code(error) in _DENIED:
        operation = error.operation_name if isinstance(error, ClientError) else ""
        return f"Allow {_ACTIONS.get(operation, operation)} in the policy of this identity."
    return ""
