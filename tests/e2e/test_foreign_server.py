"""A source that is not the stand-in."""

from __future__ import annotations

from foreign import DAY, ROWS, foreign_server
from homes import Home, window


def test_any_server_that_speaks_v3_gives_what_it_serves(empty_home: Home) -> None:
    with foreign_server() as server:
        environment = empty_home.environment(OPENAQ_BASE_URL=server.base_url)
        answer = empty_home.tandem(*window(DAY, "2024-01-30"), environment=environment)
    assert answer.code == 0, answer.said
    served = empty_home.query(
        "select sensor_id, parameter, unit, value, period_end_utc, period_end_local "
        "from openaq_marts.fct_measurements order by sensor_id, period_end_utc"
    )
    # The server ignores the day asked for: the second day's rows lie outside it and must not count twice.
    assert len(served) == 2 * ROWS
    assert served[0] == {
        "sensor_id": 37,
        "parameter": "co",
        "unit": "µg/m³",
        "value": 900.0,
        "period_end_utc": f"{DAY} 01:00:00",
        "period_end_local": f"{DAY} 08:00:00",
    }
    names = empty_home.query("select location_id, location_name, latitude from openaq_marts.dim_locations order by 1")
    assert names == [
        {"location_id": 18, "location_name": "SPARTAN - Vietnam Acad. Sci.", "latitude": 21.048},
        {"location_id": 2539, "location_name": "US Diplomatic Post: Hanoi", "latitude": None},
        {"location_id": 2540, "location_name": None, "latitude": None},
    ]
