"""The marketing's CSV files, as they were delivered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from tandem.extract.address import address_of
from tandem.extract.csv_columns import observed_columns
from tandem.extract.drift import check
from tandem.extract.watermark import Window
from tandem.lake.manifest import read_manifests
from tandem.lake.partition import Partition, Zone
from tandem.lake.raw import Capture
from tandem.lake.store import Store
from tandem.schemas import Entity
from tandem.settings import Settings
from tandem.sources.files import Delivered, Folder

FEEDS = ("marketing_spend", "campaign_performance")
SETTING = "MARKETING_FILES"
SHOWN = 5


class Marketing:
    """The files of one folder."""

    def __init__(self, source: Folder, lake: Store) -> None:
        self._source = source
        self._lake = lake

    def land(self, capture: Capture, entity: Entity, window: Window) -> list[str]:
        """Add the files of a window to a capture; returns notices, raises SchemaChanged for a header that changed.

        A file that came late, or anew, is taken as long as its date lies within the overlap.
        """
        files, strangers = self._source.delivered()
        wanted = [file for file in files if file.feed == entity.name and _is_within(file.day, window)]
        before = self._captured_before(entity, window)
        notices = _about(strangers, self._source.url)
        if not any(file.day == window.day for file in wanted):
            notices.append(f"{entity.system}.{entity.name}: no file of {window.day} in {self._source.url}.")
        for file in wanted:
            payload = self._source.read(file)
            if (file.path, hashlib.sha256(payload).hexdigest()) not in before:
                notices += _checked(entity, file, payload)
                origin = {"file": file.path, "delivered": file.day.isoformat()}
                capture.add(file.stem, payload, origin, suffix="csv")
        return notices

    def _captured_before(self, entity: Entity, window: Window) -> set[tuple[str, str]]:
        """Names and hashes of the files that captures of earlier days hold, as far back as this one looks."""
        if window.changed_from is None:
            return set()
        first = window.changed_from.date()
        days = [first + timedelta(days=n) for n in range((window.day - first).days)]
        earlier = read_manifests(self._lake, Zone.RAW, [Partition(entity.system, entity.name, day) for day in days])
        return {(entry.origin["file"], entry.sha256) for manifest in earlier for entry in manifest.files}


@contextmanager
def open_marketing(settings: Settings, lake: Store) -> Iterator[Marketing]:
    """The folder that the settings name; raises SettingsError when they name none, SourceRefused when it is none."""
    yield Marketing(open_folder(settings), lake)


def open_folder(settings: Settings) -> Folder:
    """As `open_marketing`."""
    return Folder(address_of(settings, SETTING), SETTING, FEEDS, settings.aws_region)


def look(settings: Settings) -> str:
    """Where the files are, when the folder can be listed; raises SettingsError or SourceRefused."""
    open_folder(settings).names()
    return settings.marketing_files


def _is_within(delivered: date, window: Window) -> bool:
    after = window.changed_from
    return delivered <= window.day and (after is None or delivered >= after.date())


def _checked(entity: Entity, file: Delivered, payload: bytes) -> list[str]:
    observed = observed_columns(entity, payload)
    if not observed:
        return [f"{entity.system}.{entity.name}: file {file.path} is empty."]
    return check(entity, f"file {file.path}", observed)


def _about(strangers: list[str], folder: str) -> list[str]:
    if not strangers:
        return []
    more = f" and {len(strangers) - SHOWN} more" if len(strangers) > SHOWN else ""
    names = " or ".join(f"{feed}_YYYY-MM-DD.csv" for feed in FEEDS)
    return [f"{folder}: {', '.join(strangers[:SHOWN])}{more} passed over. A file's name is {names}."]
