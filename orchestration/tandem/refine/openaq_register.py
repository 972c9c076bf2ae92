"""OpenAQ's register: stations and their sensors, one row each and capture.

The register is small, so it is read element by element. A station or sensor that is listed twice counts once, as the
source served it last. Reasons: payload_invalid, row_invalid, location_id_missing, sensor_id_missing,
parameter_missing. A sensor's unit that is not in the table is null: its rows are judged by their own unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

import polars as pl

from tandem.lake.processed import polars_schema
from tandem.refine.json_values import nested, number, text, truth, whole
from tandem.refine.openaq_bounds import canonical_parameter, canonical_unit
from tandem.refine.openaq_payload import load_results, utc_time
from tandem.refine.refined import RawFile, Refined, Reject, as_text, balanced, page_of, reject_file
from tandem.schemas import Entity
from tandem.schemas.openaq import LOCATIONS, SENSORS

Row = tuple[object, ...]


def refine_locations(payloads: Iterable[RawFile], day: date) -> Refined:
    """The stations of one capture of the register, sorted by id."""
    return _refine(LOCATIONS, payloads, day, lambda station: [station], _location)


def refine_sensors(payloads: Iterable[RawFile], day: date) -> Refined:
    """The sensors of one capture of the register, sorted by id."""
    return _refine(SENSORS, payloads, day, _sensors_of, _sensor)


def _refine(
    entity: Entity,
    payloads: Iterable[RawFile],
    day: date,
    elements_of: Callable[[object], list[object]],
    typed: Callable[[object, object], Row | str],
) -> Refined:
    rows: dict[object, Row] = {}
    rejects: list[Reject] = []
    seen = 0
    for file, position, station in _stations(payloads, rejects):
        for element in elements_of(station):
            seen += 1
            row = typed(station, element)
            if isinstance(row, str):
                rejects.append(Reject(row, None, file.name, position, as_text(element)))
            else:
                rows[row[0]] = (*row, day)
    frame = pl.DataFrame(list(rows.values()), schema=polars_schema(entity), orient="row").sort(entity.key)
    seen += sum(reject.position is None for reject in rejects)
    return balanced([frame], rejects, seen=seen, superseded=seen - len(rejects) - len(rows))


def _stations(payloads: Iterable[RawFile], rejects: list[Reject]) -> Iterator[tuple[RawFile, int, object]]:
    """The elements of all files, in the order served; a file that is no v3 payload goes to `rejects`."""
    for file in sorted(payloads, key=lambda file: (page_of(file), file.name)):
        payload = file.read()
        try:
            stations = load_results(payload)
        except ValueError as error:
            rejects.append(reject_file("payload_invalid", str(error), file, payload))
            continue
        for position, station in enumerate(stations):
            yield file, position, station


def _sensors_of(station: object) -> list[object]:
    sensors = nested(station, "sensors")
    if isinstance(sensors, list):
        return sensors
    return [] if sensors is None else [sensors]


def _location(station: object, _element: object) -> Row | str:
    if not isinstance(station, dict):
        return "row_invalid"
    location_id = whole(station.get("id"))
    if location_id is None:
        return "location_id_missing"
    return (
        location_id,
        text(station.get("name")),
        text(station.get("locality")),
        text(station.get("timezone")),
        text(nested(station, "country", "code")),
        text(nested(station, "country", "name")),
        text(nested(station, "provider", "name")),
        text(nested(station, "owner", "name")),
        truth(station.get("isMobile")),
        truth(station.get("isMonitor")),
        *_coordinates(station),
        utc_time(nested(station, "datetimeFirst", "utc")),
        utc_time(nested(station, "datetimeLast", "utc")),
    )


def _coordinates(station: object) -> tuple[float | None, float | None]:
    latitude = number(nested(station, "coordinates", "latitude"))
    longitude = number(nested(station, "coordinates", "longitude"))
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else (None, None)


def _sensor(station: object, sensor: object) -> Row | str:
    if not isinstance(sensor, dict):
        return "row_invalid"
    sensor_id, location_id = whole(sensor.get("id")), whole(nested(station, "id"))
    parameter = canonical_parameter(text(nested(sensor, "parameter", "name")))
    if sensor_id is None:
        return "sensor_id_missing"
    if location_id is None:
        return "location_id_missing"
    if parameter is None:
        return "parameter_missing"
    unit = canonical_unit(text(nested(sensor, "parameter", "units")))
    return sensor_id, location_id, text(sensor.get("name")), parameter, unit
