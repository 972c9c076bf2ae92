"""What the openaq section reads: plain SQL on the marts, the same on every target."""

# What is put into the text of a query is a constant, a date or an integer.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tandem.report.window import Query, Window

ENOUGH = 0.75  # share of a day's hours that its mean needs, as in the exceedances mart


class Station(NamedTuple):
    location_id: int
    name: str | None
    locality: str | None
    country: str | None
    is_monitor: bool | None
    latitude: float | None
    longitude: float | None
    day: date | None
    pm25: float | None
    unit: str | None
    guideline: float | None
    completeness: float | None


class Series(NamedTuple):
    """What one station measured of one parameter over the window."""

    location_id: int
    parameter: str
    unit: str
    averaging: str | None
    guideline: float | None
    mean: float | None
    days: int
    days_above: int


class Value(NamedTuple):
    location_id: int
    parameter: str
    unit: str
    day: date
    value: float | None


class Exceedance(NamedTuple):
    location_id: int
    parameter: str
    unit: str
    day: date
    value: float
    guideline: float
    times: float


class Coverage(NamedTuple):
    """Hours of data of one sensor on one UTC day."""

    location_id: int | None
    parameter: str
    sensor_id: int
    day: date
    hours: float


# What WHO holds against its guideline: for ozone the highest 8-hour mean, else the mean of the day.
_OBSERVED = "case when averaging = 'daily_max_8h_mean' then max_8h_mean else average_value end"


def stations(query: Query) -> list[Station]:
    """All stations with their latest daily mean of PM2.5, a day with enough hours before one without."""
    sql = f"""
        with ranked as (
            select location_id, local_date, average_value, unit, guideline_value, completeness,
                row_number() over (
                    partition by location_id
                    order by case when completeness >= {ENOUGH} then 0 else 1 end, local_date desc, unit
                ) as place
            from openaq_marts.obt_daily_air_quality
            where parameter = 'pm25' and guideline_value is not null and average_value is not null
        )
        select locations.location_id, location_name, locality, coalesce(country_name, country_code), is_monitor,
            latitude, longitude, local_date, average_value, unit, guideline_value, completeness
        from openaq_marts.dim_locations as locations
        left join ranked on locations.location_id = ranked.location_id and ranked.place = 1
        order by locations.location_id"""
    return [Station(*row) for row in query(sql)[1]]


def series(query: Query, over: Window) -> list[Series]:
    """Mean, days with data and days above the guideline, per station and parameter."""
    sql = f"""
        select location_id, parameter, unit, averaging, guideline_value,
            avg({_OBSERVED}), count(*), sum(case when is_exceeded then 1 else 0 end)
        from openaq_marts.obt_daily_air_quality
        where {over.within("local_date")}
        group by location_id, parameter, unit, averaging, guideline_value
        order by location_id, parameter, unit"""
    return [Series(*row) for row in query(sql)[1]]


def values(query: Query, over: Window, location_ids: set[int]) -> list[Value]:
    """The daily values of some stations."""
    chosen = ", ".join(str(int(location_id)) for location_id in sorted(location_ids))
    sql = f"""
        select location_id, parameter, unit, local_date, {_OBSERVED}
        from openaq_marts.obt_daily_air_quality
        where {over.within("local_date")} and location_id in ({chosen or "null"})
        order by location_id, parameter, unit, local_date"""
    return [Value(*row) for row in query(sql)[1]]


def worst(query: Query, over: Window) -> dict[tuple[int, str, str], Exceedance]:
    """Per station, parameter and unit the day that was furthest above the guideline."""
    sql = f"""
        select location_id, parameter, unit, local_date, observed_value, guideline_value, times_guideline
        from (
            select *, row_number() over (
                partition by location_id, parameter, unit order by times_guideline desc, local_date
            ) as place
            from openaq_marts.fct_guideline_exceedances
            where {over.within("local_date")}
        ) as ranked
        where place = 1"""
    found = (Exceedance(*row) for row in query(sql)[1])
    return {(row.location_id, row.parameter, row.unit): row for row in found}


def coverage(query: Query, over: Window) -> Iterator[Coverage]:
    """Hours of data per sensor and UTC day, which is how a day is asked for and can be complete."""
    sql = f"""
        select location_id, parameter, sensor_id, partition_date, sum(period_seconds)
        from openaq_marts.fct_measurements
        where {over.within("partition_date")}
        group by location_id, parameter, sensor_id, partition_date"""
    for location_id, parameter, sensor_id, day, seconds in query(sql)[1]:
        # A sensor that reports hours and whole days covers a day once.
        yield Coverage(location_id, parameter, sensor_id, day, min(float(seconds) / 3600, 24.0))


def tally(query: Query) -> tuple[int, int]:
    """How many sensors the register has and how many measurements the warehouse."""
    [(sensors,)] = query("select count(*) from openaq_marts.dim_sensors")[1]
    [(measurements,)] = query("select count(*) from openaq_marts.fct_measurements")[1]
    return sensors, measurements
