"""A local server that speaks the OpenAQ API v3: paging, filters, key check, rate limit and faults.

Source of the protocol: https://docs.openaq.org. Served: `/v3/locations`, `/v3/locations/{id}`, `/v3/sensors/{id}`,
`/v3/sensors/{id}/measurements`, `/v3/countries`, `/v3/parameters`. Besides, without a key: `/ping`, and
`POST /faults` (a JSON list, see `faults.Fault`) and `GET /requests`, with which tests steer and watch it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tandem.standins.faults import Fault, Manner, RateLimit
from tandem.standins.openaq.data import Dataset, Json, load
from tandem.standins.serving import application, json_response

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100

Found = TypeVar("Found")
Handler = Callable[[Dataset, Request], Iterable[Json]]


def create_app(
    data: Path,
    api_key: str,
    *,
    overlay: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    rate_limit: RateLimit | None = None,
) -> ASGIApp:
    """The server's application over a data folder; equal requests give equal bytes."""
    dataset = load(data, overlay)
    routes = [Route(path, _served(dataset, handler, api_key)) for path, handler in HANDLERS.items()]
    return application("openaq", routes, MANNER, {HTTPException: _refused}, faults, rate_limit)


def _served(dataset: Dataset, handler: Handler, api_key: str) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get("x-api-key", "").encode(), api_key.encode()):
            raise HTTPException(401, "Invalid credentials")
        return _page(request, handler(dataset, request))

    return endpoint


def _page(request: Request, results: Iterable[Json]) -> Response:
    """One page. Like the real server, a full page only says that there are more than `limit`."""
    limit = _number(request, "limit", DEFAULT_LIMIT, maximum=MAX_LIMIT)
    page = _number(request, "page", 1)
    skipped = (page - 1) * limit
    chosen = list(islice(results, skipped, skipped + limit))
    found = f">{limit}" if len(chosen) == limit else skipped + len(chosen) if chosen else 0
    meta = {"name": "openaq-api", "website": "/", "page": page, "limit": limit, "found": found}
    return json_response({"meta": meta, "results": chosen})


def _locations(dataset: Dataset, request: Request) -> Iterator[Json]:
    iso = request.query_params.get("iso", "").upper()
    countries = _ids(request, "countries_id")
    parameters = _ids(request, "parameters_id")
    for location in dataset.locations:
        measured = {sensor["parameter"]["id"] for sensor in location["sensors"]}
        of_country = iso in ("", location["country"]["code"]) and _chosen(countries, {location["country"]["id"]})
        if of_country and _chosen(parameters, measured):
            yield location


def _location(dataset: Dataset, request: Request) -> list[Json]:
    wanted = _path_id(request)
    return _existing("Location", [location for location in dataset.locations if location["id"] == wanted])


def _sensor(dataset: Dataset, request: Request) -> list[Json]:
    series = dataset.series.get(_path_id(request))
    return _existing("Sensor", [series.sensor] if series else [])


def _measurements(dataset: Dataset, request: Request) -> Iterable[Json]:
    after, until = _moment(request, "datetime_from"), _moment(request, "datetime_to")
    series = dataset.series.get(_path_id(request))
    return _existing("Sensor", [series] if series else [])[0].between(after, until)


def _countries(dataset: Dataset, request: Request) -> list[Json]:
    found = {location["country"]["id"]: location["country"] for location in dataset.locations}
    return [found[key] for key in sorted(found)]


def _parameters(dataset: Dataset, request: Request) -> list[Json]:
    sensors = (sensor for location in dataset.locations for sensor in location["sensors"])
    found = {sensor["parameter"]["id"]: sensor["parameter"] for sensor in sensors}
    return [{**found[key], "description": None} for key in sorted(found)]


HANDLERS: dict[str, Handler] = {
    "/v3/locations": _locations,
    "/v3/locations/{id}": _location,
    "/v3/sensors/{id}": _sensor,
    "/v3/sensors/{id}/measurements": _measurements,
    "/v3/countries": _countries,
    "/v3/parameters": _parameters,
}


def _limit_headers(limit: RateLimit, allowed: bool) -> dict[str, str]:
    """Source: https://docs.openaq.org/using-the-api/rate-limits"""
    counts = {"used": limit.used, "remaining": limit.limit - limit.used, "limit": limit.limit}
    return {f"x-ratelimit-{name}": str(value) for name, value in {**counts, "reset": f"{limit.reset:.3f}"}.items()}


MANNER = Manner("/v3", {"message": "Too many requests"}, {"detail": "Internal server error"}, _limit_headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code)


def _existing(kind: str, found: list[Found]) -> list[Found]:
    if not found:
        raise HTTPException(404, f"{kind} not found")
    return found


def _chosen(wanted: set[int], present: set[int]) -> bool:
    return not wanted or bool(wanted & present)


def _unprocessable(name: str, value: str) -> HTTPException:
    detail = [{"type": "value_error", "loc": ["query", name], "msg": "Input is not valid", "input": value}]
    return HTTPException(422, detail)  # type: ignore[arg-type]  # v3 answers with FastAPI's list of errors


def _number(request: Request, name: str, default: int, *, maximum: int | None = None) -> int:
    raw = request.query_params.get(name, str(default))
    if not raw.isdecimal() or int(raw) < 1 or (maximum is not None and int(raw) > maximum):
        raise _unprocessable(name, raw)
    return int(raw)


def _ids(request: Request, name: str) -> set[int]:
    texts = ",".join(request.query_params.getlist(name)).split(",")
    if any(text and not text.isdecimal() for text in texts):
        raise _unprocessable(name, ",".join(texts))
    return {int(text) for text in texts if text}


def _path_id(request: Request) -> int:
    raw = str(request.path_params["id"])
    if not raw.isdecimal():
        raise _unprocessable("id", raw)
    return int(raw)


def _moment(request: Request, name: str) -> datetime | None:
    """A time in the query; one without an offset is UTC."""
    raw = request.query_params.get(name)
    if raw is None:
        return None
    try:
        # A plus sign arrives as a space when the caller forgot to encode it.
        moment = datetime.fromisoformat(raw.replace(" ", "+"))
    except ValueError as error:
        raise _unprocessable(name, raw) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
