"""Makes a virtual environment from a lock with hashes; called by scripts/setup, with the standard library alone.

    setup_environment.py FOLDER LOCK STAMP

uv installs (18 s where pip takes minutes) and comes from pip, pinned by hash. Everything is tried from the caches
first, so a machine without network makes the environment again once it has made it before. A set-up that was killed
leaves its mark in the folder and is begun anew.
"""

from __future__ import annotations

import ast
import fcntl
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BOOTSTRAP = PROJECT / "requirements" / "bootstrap.txt"
STAMP, UNFINISHED = ".stamp", ".unfinished"

# pip's options that uv has under another name; uv reads no pip.conf. A lock that names hashes makes any order safe.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "keyring-provider": "UV_KEYRING_PROVIDER",
}


def main(folder: Path, lock: Path, stamp: str) -> None:
    """Bring `folder` to what `lock` says; `stamp` is what a later call compares."""
    python = folder / "bin" / "python"
    with one_at_a_time():
        if _read(folder / STAMP) == stamp:
            return
        print(f"Setting up {folder.name} with Python {sys.version.split()[0]}; later calls skip this.", file=sys.stderr)
        make_folder(folder, python)
        pip = pip_of(python)
        configured = pip_settings(pip)
        install_uv(pip)
        install(python, lock, configured)
        (folder / UNFINISHED).unlink()
        (folder / STAMP).write_text(stamp, encoding="utf-8")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a lock on the project's folder: two calls of make must not fill one environment."""
    gate = os.open(PROJECT, os.O_RDONLY)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield
    finally:
        os.close(gate)


def make_folder(folder: Path, python: Path) -> None:
    """Keep an environment that was finished with this Python, and make any other anew."""
    same = _version(python) == f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not same or (folder / UNFINISHED).exists() or not (folder / STAMP).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (folder / UNFINISHED).touch()
    if not python.exists():
        try:
            venv.create(folder, symlinks=True, with_pip=True)
        except subprocess.CalledProcessError:
            venv.create(folder, symlinks=True)


def pip_of(python: Path) -> list[str]:
    """The command that runs pip for this environment: its own or, where Python came without it, the system's."""
    for command in ([str(python), "-m", "pip"], [sys.executable, "-m", "pip", "--python", str(python)]):
        if subprocess.run([*command, "--version"], capture_output=True).returncode == 0:
            return [*command, "--disable-pip-version-check"]
    sys.exit(
        f"tandem: {sys.executable} has neither ensurepip nor pip. Install them (on Debian and Ubuntu: the package "
        "python3-venv), or name another Python: make dev PYTHON=/path/to/python3"
    )


def pip_settings(pip: list[str]) -> dict[str, str]:
    """pip's own configuration, files and environment, later sources over earlier ones."""
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listed:
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name.removeprefix(section)] = str(ast.literal_eval(value))
    return found


def uv_settings(pip: Mapping[str, str]) -> dict[str, str]:
    """The same configuration as uv reads it: from environment variables, lists separated its way."""
    found = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_PYTHON_DOWNLOADS": "never"}
    for name, value in pip.items():
        if name in UV_NAMES and value:
            separator = "," if name == "find-links" else " "
            found[UV_NAMES[name]] = separator.join(value.split())
    return found


def install_uv(pip: list[str]) -> None:
    """Put the pinned uv into the environment: from this user's cache, else downloaded into it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tandem" / "wheels"
    cache.mkdir(parents=True, exist_ok=True)
    pinned = ["--quiet", "--require-hashes", "--no-deps", "--requirement", str(BOOTSTRAP)]
    from_cache = [*pip, "--isolated", "install", "--no-index", "--find-links", str(cache), *pinned]
    if subprocess.run(from_cache, capture_output=True).returncode == 0:
        return
    if subprocess.run([*pip, "download", "--only-binary", ":all:", "--dest", str(cache), *pinned]).returncode:
        fail("uv, which installs the rest, could not be downloaded by pip")
    subprocess.run(from_cache, check=True)


def install(python: Path, lock: Path, pip: Mapping[str, str]) -> None:
    """Make the installed packages equal to the lock, then add the project itself, editable."""
    environment = {**uv_settings(pip), **os.environ}
    uv = [str(python.parent / "uv"), "pip"]
    sync = [*uv, "sync", "--python", str(python), "--require-hashes", "--compile-bytecode", str(lock)]
    sync += ["--no-index"] if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else []
    offline = subprocess.run([*sync, "--offline"], capture_output=True, env=environment)
    if offline.returncode and subprocess.run(sync, env=environment).returncode:
        fail(f"the packages of {lock.relative_to(PROJECT)} could not be installed")
    if lock.name == "lock.txt":
        editable = ["--quiet", "--offline", "--no-deps", "--no-build-isolation", "--editable", str(PROJECT)]
        subprocess.run([*uv, "install", "--python", str(python), *editable], check=True, env=environment)


def fail(what: str) -> None:
    """End with what failed and what to do; the reason is printed above by pip or uv."""
    sys.exit(
        f"tandem: {what} (the reason is above).\n"
        "The first set-up needs a package index: the one that pip is configured for (python3 -m pip config list).\n"
        "Call the same command again when it can be reached; what was downloaded is kept."
    )


def _version(python: Path) -> str:
    if not python.exists():
        return ""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, text=True).stdout.strip()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main(PROJECT / sys.argv[1], PROJECT / sys.argv[2], sys.argv[3])
