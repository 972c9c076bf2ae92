"""What is fetched from OpenAQ, and where in the raw zone it lands."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

from tandem.errors import LakeError
from tandem.extract.address import address_of
from tandem.lake.manifest import Manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.raw import Capture
from tandem.lake.store import Store
from tandem.settings import Settings
from tandem.sources.http import Page
from tandem.sources.openaq import OpenAQ

SYSTEM = "openaq"
WORKERS = 8
AHEAD = 4  # requests kept waiting per worker, so that none idles at the end of a day


def open_source(settings: Settings) -> OpenAQ:
    """The OpenAQ server that the settings name; raises SettingsError when they name none or lack what it needs."""
    return OpenAQ(address_of(settings, "OPENAQ_BASE_URL"), settings.openaq_api_key)


def look(settings: Settings) -> str:
    """Where the source is, when it answers and takes the key; raises SettingsError or SourceError."""
    with open_source(settings) as source:
        source.knock()
    return settings.openaq_base_url


SOURCES: Mapping[str, Callable[[Settings], str]] = {SYSTEM: look}


def extract_register(lake: Store, source: OpenAQ, day: date, countries: Sequence[str] = ()) -> Manifest:
    """Capture the register of stations as of `day`, of these countries (ISO codes) or of all."""
    capture = Capture(lake, _register(day))
    _land(capture, source.locations(countries))
    return capture.commit()


def extract_measurements(
    lake: Store,
    source: OpenAQ,
    days: Sequence[date],
    sensor_ids: Sequence[int],
    *,
    progress: Callable[[int, int], None] | None = None,
    workers: int = WORKERS,
) -> list[Manifest]:
    """Capture what the sensors measured on each day; a day without rows is a commit with its empty pages.

    Memory holds a few pages a worker, however many days. `progress` is told (done, all), in sensor days.
    On an error, days that are complete stay committed and no further request is begun.
    """
    manifests, done, total = [], 0, len(days) * len(sensor_ids)
    with ThreadPoolExecutor(workers) as pool:
        captures = ((Capture(lake, Partition(SYSTEM, "measurements", day)), day) for day in days)
        calls = ((capture, sensor, day) for capture, day in captures for sensor in (*sensor_ids, None))
        try:
            for capture, last in _in_order(pool, source, calls, ahead=workers * AHEAD):
                if last:
                    manifests.append(capture.commit())
                    continue
                done += 1
                if progress:
                    progress(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            source.close()
            raise
    return manifests


def sensor_ids(
    lake: Store, register_day: date, countries: Sequence[str] = (), parameters: Sequence[str] = ()
) -> list[int]:
    """Ids of the sensors in the register captured on a day, of these countries and parameters or of all.

    Filters what came, for a server may ignore its own filters; a station that states no country passes.
    Raises LakeError when no register was captured that day.
    """
    found = read_manifest(lake, Zone.RAW, _register(register_day))
    if found is None:
        raise LakeError(f"No register of stations was captured on {register_day}. Extract that day first.")
    codes, names = {c.upper() for c in countries}, {p.lower() for p in parameters}
    pages = (json.loads(payload) for _, payload in read_files(lake, found[0]))
    locations = (_dict(location) for page in pages for location in _list(_dict(page).get("results")))
    chosen = (location for location in locations if _of_country(location, codes))
    sensors = (_dict(sensor) for location in chosen for sensor in _list(location.get("sensors")))
    ids = (str(sensor.get("id")) for sensor in sensors if _measures(sensor, names))
    return sorted({int(one) for one in ids if one.isdecimal()})


def _register(day: date) -> Partition:
    return Partition(SYSTEM, "locations", day)


def _in_order(
    pool: ThreadPoolExecutor, source: OpenAQ, calls: Iterable[tuple[Capture, int | None, date]], ahead: int
) -> Iterator[tuple[Capture, bool]]:
    """Run the calls with at most `ahead` waiting; yields (capture, whether its day is complete), in order.

    A call without a sensor stands for the end of a day.
    """
    waiting: deque[tuple[Capture, Future[None] | None]] = deque()
    for capture, sensor, day in calls:
        if sensor is None:
            waiting.append((capture, None))
        else:
            waiting.append((capture, pool.submit(_land_sensor, capture, source, sensor, day)))
        while len(waiting) > ahead:
            yield _finished(waiting)
    while waiting:
        yield _finished(waiting)


def _finished(waiting: deque[tuple[Capture, Future[None] | None]]) -> tuple[Capture, bool]:
    capture, future = waiting.popleft()
    if future is not None:
        future.result()
    return capture, future is None


def _land_sensor(capture: Capture, source: OpenAQ, sensor: int, day: date) -> None:
    _land(capture, source.measurements(sensor, day))


def _land(capture: Capture, pages: Iterable[Page]) -> None:
    for page in pages:
        capture.add(page.name, page.payload, page.origin)


def _of_country(location: dict[str, Any], codes: set[str]) -> bool:
    code = _dict(location.get("country")).get("code")
    return not codes or not code or str(code).upper() in codes


def _measures(sensor: dict[str, Any], names: set[str]) -> bool:
    return not names or str(_dict(sensor.get("parameter")).get("name")).lower() in names


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
