"""The only reader of the environment: one frozen `Settings`, and the one message for a value that is wrong."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tandem.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[2]
ENV_FILE = Path(os.environ.get("TANDEM_ENV_FILE") or PROJECT / ".env")
SAMPLE_DATA = PROJECT / "sample_data"
OPENAQ_API = "https://api.openaq.org/v3"
STRIPE_API = "https://api.stripe.com"
SLACK_API = "https://slack.com/api/"


class Environment(StrEnum):
    DEV = "dev"
    REHEARSAL = "rehearsal"
    PROD = "prod"


class TargetName(StrEnum):
    DUCKDB = "duckdb"
    ATHENA = "athena"
    SNOWFLAKE = "snowflake"


CLOUD = (TargetName.ATHENA, TargetName.SNOWFLAKE)
TARGETS = {Environment.DEV: (TargetName.DUCKDB,), Environment.REHEARSAL: CLOUD, Environment.PROD: CLOUD}
REHEARSAL_BUCKET = "tandem-rehearsal"
# What a source needs in prod, by the setting that says where it is.
REQUIRED_IN_PROD = {
    "MARKETING_FILES": ("MARKETING_FILES",),
    "OPENAQ_BASE_URL": ("OPENAQ_API_KEY", "OPENAQ_COUNTRIES"),
    "POSTGRES_HOST": ("POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD"),
    "STRIPE_BASE_URL": ("STRIPE_API_KEY",),
}
# What says where a system's sources are; where none is set, a stand-in serves the sample data.
ADDRESSES = {
    "ecommerce": ("POSTGRES_HOST", "STRIPE_BASE_URL", "MARKETING_FILES"),
    "openaq": ("OPENAQ_BASE_URL",),
}


def _in_prod(validated: Mapping[str, Any]) -> bool:
    return validated["tandem_env"] is Environment.PROD


def _setting(default: Any, description: str, allowed: str, example: str = "", **more: Any) -> Any:
    """A field: what it is for, which values it takes, and what `.env.example` shows as its value."""
    kind = "default_factory" if callable(default) else "default"
    extra: Any = {"allowed": allowed, "example": example}
    return Field(**{kind: default}, description=description, json_schema_extra=extra, **more)


def _deadline(seconds: float, what: str) -> Any:
    text = f"Seconds after which an alert says that {what} takes too long; nothing is stopped."
    return _setting(seconds, text, "a number of seconds above 0", f"{seconds}", gt=0, allow_inf_nan=False)


class Settings(BaseSettings):
    """Everything that can be set, read once from the environment and `.env`; raises SettingsError.

    The name of a setting is the name of its field in capitals. The environment wins over `.env`,
    and an empty value is no value.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        alias_generator=str.upper,
        populate_by_name=True,
        case_sensitive=True,
    )

    tandem_env: Environment = _setting(
        Environment.DEV,
        "Which of the three worlds to run in; everything else follows from it.",
        "dev, rehearsal, prod",
        "dev",
    )
    tandem_target: TargetName | None = _setting(
        None,
        "The engine that dbt writes to. dev is always duckdb; rehearsal and prod must say which.",
        "duckdb, athena, snowflake",
        "duckdb",
    )
    tandem_home: Path = _setting(
        Path(".tandem"),
        "Folder for all that a run writes, one subfolder per environment and target.",
        "a folder, relative to the project or absolute",
        ".tandem",
    )
    tandem_namespace: str = _setting(
        "",
        "Prefix that keeps two people or stages apart in one account: of a shared lake and of schemas.",
        "empty, or lower-case letters, digits and _ after a letter",
        pattern=r"^([a-z][a-z0-9_]*)?$",
    )
    tandem_lake: str = _setting(
        "",
        "Where the lake is; required in prod. Empty in dev: the folder `lake` beside the warehouse, under TANDEM_HOME.",
        "file:///folder or s3://bucket/prefix",
        pattern=r"^(file:///.+|s3://[^/]+.*)?$",
    )
    tandem_lake_encryption: str = _setting(
        "",
        "Server-side encryption of what is written to a lake on S3. Empty: what the bucket is set to.",
        "AES256, aws:kms, or aws:kms: and the id or ARN of a key",
        pattern=r"^(AES256|aws:kms(:.+)?)?$",
    )
    tandem_window: str = _setting(
        "",
        "Days that a run takes when it is given none. Empty: all that the stand-ins have; of a real source the last.",
        "YYYY-MM-DD..YYYY-MM-DD, both inclusive",
    )
    tandem_retry_delay_seconds: float = _setting(
        lambda validated: 300.0 if _in_prod(validated) else 1.0,
        "Wait before a task's first retry; it doubles up to 30 minutes. Empty: 300 in prod, 1 elsewhere.",
        "a number of seconds, 0 or more",
        ge=0,
        allow_inf_nan=False,
    )
    tandem_overlap_hours: float = _setting(
        24.0,
        "How far an extraction of changes looks back behind the end of the capture before it, for rows that came late.",
        "a number of hours, 0 or more",
        ge=0,
        allow_inf_nan=False,
    )
    tandem_deadline_run_seconds: float = _deadline(1800, "a whole run, from the moment it is queued")
    tandem_deadline_extract_seconds: float = _deadline(600, "one extraction task")
    tandem_deadline_dbt_seconds: float = _deadline(900, "the dbt layers of a run together")
    tandem_deadline_test_seconds: float = _deadline(300, "the tests of a run")
    tandem_standins: str = _setting(
        "",
        "Systems whose sources are stand-ins with the sample data. Set by whoever starts them.",
        "names of systems, comma separated",
    )
    aws_region: str = _setting(
        "",
        "Region of the bucket, the Glue catalogue and Athena. Empty: that of the AWS profile.",
        "the name of an AWS region",
        "eu-west-1",
    )
    athena_work_group: str = _setting("primary", "Work group that Athena's statements run in.", "its name", "primary")
    athena_output: str = _setting(
        "",
        "Where Athena writes the results of statements. Empty: _athena/results in the lake.",
        "s3://bucket/prefix/",
        pattern=r"^(s3://[^/]+.*)?$",
    )
    tandem_cache: Path = _setting(
        Path("~/.cache/tandem"),
        "Folder for the local Trino's files, fetched once and shared by all clones of the project.",
        "a folder",
        "~/.cache/tandem",
    )
    tandem_maven_repository: str = _setting(
        "",
        "Repository that the local Trino's files are fetched from. Empty: Maven's central one.",
        "an http:// or https:// address",
    )
    tandem_trino_url: str = _setting(
        "",
        "A Trino 406 that is already there, to rehearse on. Empty: one is started.",
        "an http:// or https:// address",
    )
    openaq_base_url: str = _setting(
        lambda validated: OPENAQ_API if _in_prod(validated) else "",
        f"Address of a server that speaks the OpenAQ API v3. Empty: {OPENAQ_API} in prod, the stand-in elsewhere.",
        "an http:// or https:// address",
    )
    openaq_api_key: SecretStr = _setting(
        SecretStr(""), "Key of the OpenAQ API, sent as X-API-Key. Required in prod.", "the key you were given"
    )
    openaq_countries: str = _setting(
        "",
        "Countries to extract. Empty: all that the source has. Required in prod.",
        "ISO 3166 two-letter codes, comma separated, such as VN,TH",
    )
    openaq_parameters: str = _setting(
        "", "Parameters to extract. Empty: all.", "parameter names, comma separated, such as pm25,o3"
    )
    postgres_host: str = _setting(
        "",
        "Host of the shop's PostgreSQL, or the folder of its socket. Empty: the stand-in. Required in prod.",
        "a host name, an address, or an absolute folder",
    )
    postgres_port: int = _setting(5432, "Port of the shop's PostgreSQL.", "1 to 65535", "5432", ge=1, le=65535)
    postgres_database: str = _setting("ecommerce", "Database of the shop.", "its name", "ecommerce", min_length=1)
    postgres_schema: str = _setting("public", "Schema with the shop's tables.", "its name", "public", min_length=1)
    postgres_user: str = _setting("", "User of the shop's PostgreSQL. Required in prod.", "its name")
    postgres_password: SecretStr = _setting(
        SecretStr(""), "Password of that user. Required in prod.", "the password you were given"
    )
    postgres_sslmode: str = _setting(
        "prefer",
        "Whether the connection to PostgreSQL is encrypted and checked, in libpq's words.",
        "disable, allow, prefer, require, verify-ca, verify-full",
        "verify-full",
        pattern=r"^(disable|allow|prefer|require|verify-ca|verify-full)$",
    )
    stripe_base_url: str = _setting(
        lambda validated: STRIPE_API if _in_prod(validated) else "",
        f"Address of a server that speaks the Stripe API v1. Empty: {STRIPE_API} in prod, the stand-in elsewhere.",
        "an http:// or https:// address",
    )
    stripe_api_key: SecretStr = _setting(
        SecretStr(""),
        "Key of the Stripe API, restricted to reading charges and refunds. Required in prod.",
        "rk_… or sk_…",
    )
    stripe_refund_days: float = _setting(
        30.0,
        "How many days back refunds are asked for again: a pending one succeeds or fails days after it was made.",
        "a number of days, 0 or more",
        "30",
        ge=0,
        le=3650,
    )
    marketing_files: str = _setting(
        "",
        "Folder with the marketing's CSV files. Empty: the sample's. Required in prod.",
        "file:///folder or s3://bucket/prefix",
        pattern=r"^(file:///.+|s3://[^/]+.*)?$",
    )
    slack_webhook_url: SecretStr = _setting(
        SecretStr(""),
        "Incoming webhook of Slack that alerts go to; none is sent without it or a bot.",
        "https://hooks.slack.com/…",
    )
    slack_bot_token: SecretStr = _setting(
        SecretStr(""), "Token of a Slack bot with the scope chat:write, instead of a webhook.", "xoxb-…"
    )
    slack_channel: str = _setting("", "Channel that the bot writes to.", "the name or id of a channel", "#data-alerts")
    slack_api_url: str = _setting(
        SLACK_API, "Address of Slack's API, for a bot.", "an http:// or https:// address", SLACK_API
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(error, values))) from None

    @field_validator("tandem_home", "tandem_cache")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("tandem_window")
    @classmethod
    def _check_window(cls, value: str) -> str:
        if value and (ends := _window(value))[1] < ends[0]:
            raise ValueError("ends before it begins")
        return value

    @field_validator(
        "openaq_base_url", "stripe_base_url", "slack_api_url", "tandem_maven_repository", "tandem_trino_url"
    )
    @classmethod
    def _check_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("not a web address")
        return value

    @field_validator("openaq_countries")
    @classmethod
    def _check_countries(cls, value: str) -> str:
        return ",".join(_names(value.upper(), r"[A-Z]{2}"))

    @field_validator("openaq_parameters")
    @classmethod
    def _check_parameters(cls, value: str) -> str:
        return ",".join(_names(value.lower(), r"[a-z0-9][a-z0-9_.-]*"))

    @model_validator(mode="after")
    def _check_switch(self) -> Settings:
        allowed = TARGETS[self.tandem_env]
        if self.tandem_target is None and self.tandem_env is not Environment.DEV:
            raise SettingsError(
                f"TANDEM_TARGET is not set, and TANDEM_ENV={self.tandem_env} needs one. "
                f"Allowed: {', '.join(allowed)}. Set it in the environment or in {ENV_FILE.name}."
            )
        if self.tandem_target not in (None, *allowed):
            raise SettingsError(
                f"TANDEM_TARGET is {self.tandem_target} ({_origin('TANDEM_TARGET')}), which TANDEM_ENV="
                f"{self.tandem_env} does not run on. Allowed: {', '.join(allowed)}. {_way_out(self.tandem_env)}"
            )
        return self

    @property
    def target(self) -> TargetName:
        """The engine that dbt writes to; dev is always DuckDB."""
        return self.tandem_target or TargetName.DUCKDB

    @property
    def state(self) -> Path:
        """Folder that holds all that a run of this environment and target writes."""
        home = self.tandem_home if self.tandem_home.is_absolute() else PROJECT / self.tandem_home
        return home / f"{self.tandem_env}-{self.target}"

    @property
    def lake_url(self) -> str:
        """Where the lake is: `file:///…` or `s3://bucket/prefix`; a namespace is a folder of a shared one.

        Raises SettingsError in prod when it is not on S3.
        """
        if not self.tandem_lake and self.tandem_env is Environment.DEV:
            return (self.state / "lake").as_uri()
        if self.tandem_env is Environment.PROD and not self.tandem_lake.startswith("s3://"):
            raise SettingsError(_missing("TANDEM_LAKE") if not self.tandem_lake else _not_on_s3(self.tandem_lake))
        root = self.tandem_lake or f"s3://{REHEARSAL_BUCKET}/lake"
        return "/".join(filter(None, [root.rstrip("/"), self.tandem_namespace]))

    @property
    def athena_output_location(self) -> str:
        """Where Athena writes the results of statements; ends in a slash."""
        return (self.athena_output or f"{self.lake_url}/_athena/results").rstrip("/") + "/"

    @property
    def athena_data_location(self) -> str:
        """Where Athena's own tables, those that dbt builds, keep their files; ends in a slash."""
        return f"{self.lake_url}/_athena/tables/"

    def schema_name(self, name: str) -> str:
        """Name of a schema in the warehouse: the namespace before it, when there is one."""
        return "_".join(filter(None, [self.tandem_namespace, name]))

    def window(self, system: str) -> tuple[date, date] | None:
        """First and last day of a system's run that is given none; None: the last complete day."""
        if self.tandem_window:
            return _window(self.tandem_window)
        covered = SAMPLE_DATA / system / "window.json"
        if not self.serves_sample(system) or not covered.exists():
            return None
        ends = json.loads(covered.read_text(encoding="utf-8"))
        return date.fromisoformat(ends["from"]), date.fromisoformat(ends["to"])

    def serves_sample(self, system: str) -> bool:
        """Whether a system's sources are stand-ins with the sample data, now or once they are started."""
        if self.tandem_env is Environment.PROD:
            return False
        own = any(getattr(self, name.lower()) for name in ADDRESSES.get(system, ()))
        return system in self.tandem_standins.split(",") or not own

    @property
    def secrets(self) -> list[str]:
        """The values that must not be shown, as far as they are set."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        return [text for value in fields if isinstance(value, SecretStr) and (text := value.get_secret_value())]

    @property
    def retry_delay_seconds(self) -> float:
        """Wait before a task's first retry."""
        return self.tandem_retry_delay_seconds

    @property
    def countries(self) -> tuple[str, ...]:
        """ISO codes of the countries to extract; none means all."""
        return tuple(filter(None, self.openaq_countries.split(",")))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters to extract; none means all."""
        return tuple(filter(None, self.openaq_parameters.split(",")))

    def require(self, address: str) -> None:
        """Raise SettingsError when something that a source needs in prod is not set; `address` is where it is, by name.

        It is asked for by whoever talks to the source, so that another system needs no OpenAQ key.
        """
        needed = REQUIRED_IN_PROD.get(address, ()) if self.tandem_env is Environment.PROD else ()
        missing = [name for name in needed if not _plain(getattr(self, name.lower()))]
        if missing:
            raise SettingsError("\n".join(_missing(name) for name in missing))


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()


def allowed_values(field: str) -> str:
    """What a setting takes, in words."""
    extra: Any = Settings.model_fields[field].json_schema_extra
    return str(extra["allowed"])


def _window(text: str) -> tuple[date, date]:
    first, last = text.split("..")
    return date.fromisoformat(first), date.fromisoformat(last)


def _names(text: str, pattern: str) -> Iterator[str]:
    for name in filter(None, (part.strip() for part in text.split(","))):
        if not re.fullmatch(pattern, name):
            raise ValueError(f"{name} is not a name")
        yield name


def _not_on_s3(lake: str) -> str:
    return f"TANDEM_LAKE is {lake!r} ({_origin('TANDEM_LAKE')}), which TANDEM_ENV=prod cannot use. Allowed: s3://bucket/prefix."


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _explain(error: ValidationError, given: Mapping[str, Any]) -> Iterator[str]:
    """One sentence group per wrong setting: name, value, where it was found, what is allowed, what to do."""
    for problem in error.errors(include_url=False, include_context=False):
        if problem["type"] == "default_factory_not_called":
            continue
        name = str(problem["loc"][0]).upper()
        field = name.lower()
        origin = "given by the caller" if {name, field} & given.keys() else _origin(name)
        yield (
            f"{name} is {_shown(field, problem['input'])} ({origin}). Allowed: {allowed_values(field)}. "
            "Set one of these, or remove it for the default."
        )


def _shown(field: str, value: object) -> str:
    if Settings.model_fields[field].annotation is SecretStr:
        return "********"
    return f'"{re.sub(r"//[^/@]*@", "//********@", str(value))}"'


def _origin(name: str) -> str:
    return "in the environment" if os.environ.get(name) else f"in {ENV_FILE.name}"


def _way_out(environment: Environment) -> str:
    if environment is Environment.DEV:
        return "Remove it, or set TANDEM_ENV to rehearsal or prod."
    return "Set one of these, or set TANDEM_ENV to dev."


def _missing(name: str) -> str:
    return (
        f"{name} is not set (neither in the environment nor in {ENV_FILE.name}), and TANDEM_ENV=prod needs it. "
        f"Allowed: {allowed_values(name.lower())}. Set it in one of the two."
    )
