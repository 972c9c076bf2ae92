"""OpenAQ's register: stations and their sensors, one row each and capture.

The register is small, so it is read element by element. A station or sensor that is listed twice counts once, as the
source served it last. Reasons: payload_invalid, row_invalid, location_id_missing, sensor_id_missing,
parameter_missing. A sensor's unit that is not in the table is null: its rows are judged by their own unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from tandem.refine.elements import Element, Row, elements, last_of_each
from tandem.refine.json_values import nested, number, text, truth, whole
from tandem.refine.openaq_bounds import canonical_parameter, canonical_unit
from tandem.refine.openaq_payload import load_results, utc_time
from tandem.refine.refined import RawFile, Refined, Reject, page_of
from tandem.schemas import Entity
from tandem.schemas.openaq import LOCATIONS, SENSORS


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
    rejects: list[Reject] = []
    return last_of_each(entity, _typed(_stations(payloads, rejects), elements_of, typed), rejects, day)


def _typed(
    stations: Iterable[Element],
    elements_of: Callable[[object], list[object]],
    typed: Callable[[object, object], Row | str],
) -> Iterator[Row | Reject]:
    for station in stations:
        for content in elements_of(station.content):
            yield station._replace(content=content).typed(typed(station.content, content))


def _stations(payloads: Iterable[RawFile], rejects: list[Reject]) -> Iterator[Element]:
    ordered = sorted(payloads, key=lambda file: (page_of(file), file.name))
    return elements(((file, file.read()) for file in ordered), load_results, rejects)


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
