"""Is all there that a run on Athena needs? Each question is asked by itself, and each answer says what to do.

The only writing is a probe object under the lake and under Athena's output location, which is removed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlparse
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tandem.doctor import Check, found_wrong
from tandem.errors import TandemError
from tandem.settings import Settings
from tandem.targets.athena.clients import Clients
from tandem.targets.athena.failures import code, remedy, said

BRISK = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=15)
ENGINE = "Athena engine version 3"
_MISSING = {"404", "NoSuchBucket", "NotFound"}


def cloud_checks(settings: Settings) -> list[Check]:
    """Identity, bucket, Glue, work group and results, in this order; never raises for what it finds.

    Without an identity the others cannot be asked, and nothing is touched.
    """
    clients = Clients(settings.aws_region, BRISK)
    identity = _asked("identity", partial(_identity, clients))
    others: dict[str, Callable[[], Check]] = {
        "bucket": partial(_bucket, clients, settings),
        "Glue": partial(_glue, clients),
        "work group": partial(_work_group, clients, settings),
        "results": partial(_results, clients, settings),
    }
    if not identity.ok:
        unasked = "not checked: there is no identity to ask with"
        return [identity, *(Check(name, False, unasked, "See identity.") for name in others)]
    return [identity, *(_asked(name, question) for name, question in others.items())]


def _asked(name: str, question: Callable[[], Check]) -> Check:
    try:
        return question()
    except (ClientError, BotoCoreError) as error:
        return Check(name, False, said(error), remedy(error) or "See the message of AWS.")
    except TandemError as error:
        return found_wrong(name, error)


def _identity(clients: Clients) -> Check:
    region = clients.region
    caller = clients.sts.get_caller_identity()
    return Check("identity", True, f"{caller['Arn']} in account {caller['Account']}, region {region}")


def _bucket(clients: Clients, settings: Settings) -> Check:
    url = urlparse(settings.lake_url)
    if url.scheme != "s3":
        return Check("bucket", False, f"the lake is {settings.lake_url}", "Set TANDEM_LAKE to s3://bucket/prefix.")
    try:
        found = clients.s3.head_bucket(Bucket=url.netloc)
    except ClientError as error:
        if code(error) not in _MISSING:
            raise
        made = f"aws s3 mb s3://{url.netloc} --region {clients.region}"
        return Check("bucket", False, f"there is no bucket {url.netloc}", f"Set TANDEM_LAKE, or make it: {made}")
    region = found.get("BucketRegion") or clients.region
    if region != clients.region:
        detail = f"{url.netloc} is in {region}, the region in use is {clients.region}"
        return Check("bucket", False, detail, f"Set AWS_REGION={region}, or TANDEM_LAKE to a bucket of that region.")
    return _writable("bucket", clients, settings, settings.lake_url)


def _glue(clients: Clients) -> Check:
    clients.glue.get_databases(MaxResults=1)
    return Check("Glue", True, f"the catalogue of {clients.region} answers")


def _work_group(clients: Clients, settings: Settings) -> Check:
    try:
        group = _group(clients, settings)
    except clients.athena.exceptions.InvalidRequestException as error:
        # Athena's way to say that there is no such work group.
        made = f"aws athena create-work-group --name {settings.athena_work_group}"
        return Check("work group", False, said(error), f"Set ATHENA_WORK_GROUP, or make it: {made}")
    engine = group.get("Configuration", {}).get("EngineVersion", {}).get("EffectiveEngineVersion", ENGINE)
    where = f"{settings.athena_work_group} runs {engine}"
    if group.get("State") != "ENABLED":
        enable = f"aws athena update-work-group --work-group {settings.athena_work_group} --state ENABLED"
        return Check("work group", False, f"{settings.athena_work_group} is not enabled", f"Enable it: {enable}")
    if engine != ENGINE:
        return Check("work group", False, where, f"Set the work group to {ENGINE}, or ATHENA_WORK_GROUP to one of it.")
    return Check("work group", True, where)


def _results(clients: Clients, settings: Settings) -> Check:
    configuration = _group(clients, settings).get("Configuration", {})
    own = configuration.get("ResultConfiguration", {}).get("OutputLocation", "")
    # A work group that enforces its configuration overrides what a statement asks for.
    forced = configuration.get("EnforceWorkGroupConfiguration", False) and own
    return _writable("results", clients, settings, own if forced else settings.athena_output_location)


def _group(clients: Clients, settings: Settings) -> dict[str, Any]:
    group: dict[str, Any] = clients.athena.get_work_group(WorkGroup=settings.athena_work_group)["WorkGroup"]
    return group


def _writable(name: str, clients: Clients, settings: Settings, location: str) -> Check:
    """Write a probe object under a location and remove it."""
    url = urlparse(location)
    key = "/".join(filter(None, [url.path.strip("/"), f"_doctor-{uuid4().hex}"]))
    clients.s3.put_object(Bucket=url.netloc, Key=key, Body=b"tandem doctor", **_encryption(settings))
    clients.s3.delete_object(Bucket=url.netloc, Key=key)
    return Check(name, True, f"{location} takes and gives up objects")


def _encryption(settings: Settings) -> Mapping[str, str]:
    chosen = settings.tandem_lake_encryption
    if not chosen.startswith("aws:kms"):
        return {"ServerSideEncryption": chosen} if chosen else {}
    key = chosen.removeprefix("aws:kms").removeprefix(":")
    return {"ServerSideEncryption": "aws:kms", **({"SSEKMSKeyId": key} if key else {})}
