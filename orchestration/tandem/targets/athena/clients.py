"""The clients of AWS's services, made when they are first used.

Credentials come from where every AWS client takes them; endpoints too (AWS_ENDPOINT_URL and its like).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from tandem.errors import SettingsError
from tandem.targets.athena.failures import explained

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=10, read_timeout=60)


class Clients:
    """One session of boto3 and its clients; `region` empty: the region of the session."""

    def __init__(self, region: str = "", config: Config = PATIENT) -> None:
        self._region = region
        self._config = config

    @cached_property
    def session(self) -> boto3.session.Session:
        """The session; raises SettingsError for a profile that does not exist."""
        core = botocore.session.Session()
        # Glue's own description is 100 ms of JSON, read anew for each session that does not share it.
        core.register_component("data_loader", _descriptions())
        with explained("use the AWS profile"):
            return boto3.session.Session(region_name=self._region or None, botocore_session=core)

    @property
    def region(self) -> str:
        """The region in use; raises SettingsError when none is set."""
        if not self.session.region_name:
            raise SettingsError("No AWS region is set. Set AWS_REGION, or a region in the AWS profile.")
        return str(self.session.region_name)

    @cached_property
    def athena(self) -> Any:
        """Athena."""
        return self._client("athena")

    @cached_property
    def glue(self) -> Any:
        """Glue, for its catalogue."""
        return self._client("glue")

    @cached_property
    def s3(self) -> Any:
        """S3."""
        return self._client("s3")

    @cached_property
    def sts(self) -> Any:
        """STS, which says who we are."""
        return self._client("sts")

    def _client(self, service: str) -> Any:
        with explained(f"reach {service} of AWS"):
            return self.session.client(service, region_name=self.region, config=self._config)


@lru_cache
def _descriptions() -> Loader:
    loader: Loader = botocore.session.Session().get_component("data_loader")
    return loader
