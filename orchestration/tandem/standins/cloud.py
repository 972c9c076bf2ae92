"""The local cloud of a rehearsal: S3, Glue and Athena on one port, with a real Trino behind Athena."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from tandem.errors import LeaseHeld, SettingsError
from tandem.progress import bar
from tandem.settings import REHEARSAL_BUCKET, Settings
from tandem.standins import environment, kept
from tandem.standins.process import HttpKind, Standin
from tandem.standins.trino import assemble, jars

KIND = HttpKind("aws", "tandem.standins.aws.serve", ping="/tandem/instance", mark="instance", start_seconds=120.0)
REGION = "eu-west-1"
# Not a secret: the local servers take any key, and a real account takes this one nowhere.
KEY = "rehearsal"
INSTANCE = "cloud-instance"
# What was learned from a cloud that is gone; folders and files of the state folder.
BOUND_TO_CLOUD = ("airflow", "runs", "dbt", "parity", "reports")


@contextmanager
def cloud_of(chosen: Settings) -> Iterator[None]:
    """Have the local cloud answer meanwhile, and point this process's AWS clients to it and to nothing else.

    The one that `tandem standins up` keeps for this state folder serves, or one that lives as long as the block.
    """
    with ExitStack() as stack:
        running = kept.status(chosen.state, KIND)
        if running:
            base_url, instance = running.base_url, running.facts["instance"]
        else:
            stack.enter_context(alone(chosen.state))
            fetch_engine(chosen)
            cloud = stack.enter_context(Standin(KIND, orders(chosen)))
            base_url, instance = cloud.base_url, cloud.running.said["instance"]
        forget_what_is_gone(chosen.state, instance)
        stack.enter_context(environment(client_environment(base_url)))
        yield


@contextmanager
def kept_cloud(chosen: Settings) -> Iterator[None]:
    """Point this process's AWS clients to the local cloud that is kept; raises SettingsError when there is none."""
    running = kept.status(chosen.state, KIND)
    if running is None:
        raise SettingsError(
            "The local cloud of this rehearsal is gone: it lives as long as the run that started it. "
            "Keep one by `tandem standins up`, rehearse, and look into it then."
        )
    with environment(client_environment(running.base_url)):
        yield


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Keep a second cloud away from this state folder; raises LeaseHeld when one is at work there.

    With one cloud for both, the lease of the lake in it would; two clouds have two lakes.
    """
    note = state / "standins" / "cloud.lock"
    note.parent.mkdir(parents=True, exist_ok=True)
    with note.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeaseHeld(
                f"Another rehearsal is at work in {state}. Wait for it, or choose another home: TANDEM_HOME=/some/where"
            ) from None
        yield


def orders(chosen: Settings) -> dict[str, Any]:
    """What the process is told."""
    folder = {"folder": str(chosen.state / "trino"), "cache": str(chosen.tandem_cache)}
    engine = {"url": chosen.tandem_trino_url} if chosen.tandem_trino_url else folder
    return {
        "bucket": REHEARSAL_BUCKET,
        "region": REGION,
        "work_group": chosen.athena_work_group,
        "access_key": KEY,
        "secret_key": KEY,
        "trino": engine,
    }


def client_environment(base_url: str) -> dict[str, str | None]:
    """Variables by which every AWS client of this process talks to the local cloud; no real account is in reach."""
    return {
        "AWS_ENDPOINT_URL": base_url,
        "AWS_ENDPOINT_URL_ATHENA": base_url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_SESSION_TOKEN": None,
        "AWS_PROFILE": None,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "TANDEM_ATHENA_POLL_SECONDS": "0.03",
    }


def fetch_engine(chosen: Settings) -> None:
    """Bring the files of the local Trino into the cache, unless they are there or a Trino is given.

    Raises TandemError naming what is missing and what to do.
    """
    if chosen.tandem_trino_url or not jars.missing(chosen.tandem_cache):
        return
    with bar("Fetching the local Trino (once)") as progress:
        jars.fetch(chosen.tandem_cache, chosen.tandem_maven_repository, progress)
    assemble.assemble(chosen.tandem_cache)


def forget_what_is_gone(state: Path, instance: str) -> None:
    """Remove what a state folder knows of another instance of the cloud: its runs, its ledger's side, its reports."""
    note = state / INSTANCE
    if note.exists() and note.read_text() == instance:
        return
    known = [name for name in BOUND_TO_CLOUD if (state / name).exists()]
    for name in known:
        shutil.rmtree(state / name)
    if known:
        click.echo(f"The local cloud is a new one: forgot what {state} knew of the one before.", err=True)
    state.mkdir(parents=True, exist_ok=True)
    note.write_text(instance)
