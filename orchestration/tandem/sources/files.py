"""Files that somebody delivers into a folder, one a day and feed, named `<feed>_YYYY-MM-DD.csv`; nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlparse

from tandem.errors import LakeError, SourceRefused, SourceUnavailable
from tandem.lake.store import open_store

_NAME = re.compile(r"(?P<feed>.+)_(?P<day>\d{4}-\d{2}-\d{2})\.csv", re.IGNORECASE)


@dataclass(frozen=True)
class Delivered:
    """A file by its name: whose feed it is, and of which day."""

    path: str
    feed: str
    day: date

    @property
    def stem(self) -> str:
        """Its name without what follows the last dot."""
        return self.path.rpartition(".")[0]


class Folder:
    """A folder on a disk (`file:///folder`) or on S3 (`s3://bucket/prefix`), which is only read."""

    def __init__(self, url: str, setting: str, feeds: Sequence[str], region: str = "") -> None:
        """`setting` is the name that errors tell the user to look at; raises SourceRefused when nothing is there."""
        self.url = url
        self._setting = setting
        self._feeds = frozenset(feeds)
        parts = urlparse(url)
        # Opening a store makes its folder; what is missing here has to be noticed instead.
        if parts.scheme == "file" and not Path(unquote(parts.path)).is_dir():
            raise SourceRefused(f"{url} is no folder. Set {setting} to the folder with the files, or have it made.")
        try:
            self._store = open_store(url, region=region)
        except LakeError as error:
            raise SourceRefused(f"{error} Check {setting}.") from error

    def names(self) -> list[str]:
        """The names of all files directly in the folder, sorted; raises SourceRefused when S3 has none there."""
        try:
            names = sorted(item.path for item in self._store.list() if "/" not in item.path)
        except LakeError as error:
            raise SourceRefused(f"{error} Check {self._setting} and the rights to list and read it.") from error
        if not names and self._store.directory is None:
            raise SourceRefused(f"{self.url} holds no file. Set {self._setting} to the folder with the files.")
        return [name for name in names if not name.startswith(".")]

    def delivered(self) -> tuple[list[Delivered], list[str]]:
        """The files of the feeds, by day; and the names that are nobody's, because of their feed or date."""
        found = {name: self._parse(name) for name in self.names()}
        files = sorted(filter(None, found.values()), key=lambda file: (file.day, file.path))
        return files, [name for name, file in found.items() if file is None]

    def read(self, file: Delivered) -> bytes:
        """A file's bytes as they are; raises SourceUnavailable when it is gone or cannot be read."""
        try:
            payload = self._store.get(file.path)
        except LakeError as error:
            raise SourceUnavailable(f"{error} Check {self._setting} and the rights to read it.") from error
        if payload is None:
            raise SourceUnavailable(f"{self._store.uri(file.path)} was there a moment ago. Run again.")
        return payload

    def _parse(self, name: str) -> Delivered | None:
        found = _NAME.fullmatch(name)
        if found is None or (feed := found["feed"].lower()) not in self._feeds:
            return None
        try:
            return Delivered(name, feed, date.fromisoformat(found["day"]))
        except ValueError:
            return None
