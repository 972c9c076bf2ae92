"""What changes at the source changes in the marts, and nothing else is built again."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
from homes import Home

from tandem.standins.openaq.server import OpenAQStandin

Serve = Callable[..., OpenAQStandin]
MARK = -0.015625
BUILT = "select model, entity, partition_date, commit from tandem.built where model = 'fct_measurements'"


def test_a_row_removed_a_day_emptied_and_a_day_that_never_had_rows(home: Home, serving: Serve) -> None:
    before = home.rows_per_day()
    gone = reading(home, "2025-11-01")
    source = serving(
        remove=[{"sensor": gone["sensor_id"], "end": f"{gone['ended']}Z"}],
        empty=[{"day": "2025-11-02"}, {"day": "2025-11-06"}],
    )
    home.run("2025-11-01", "2025-11-06", source)
    expected = before | {"2025-11-01": before["2025-11-01"] - 1}
    del expected["2025-11-02"]
    assert home.rows_per_day() == expected
    assert home.query(reading_sql(gone)) == []
    assert home.manifests("measurements")["2025-11-06"]["rows"] == 0
    [local] = home.query("select count(*) as n from openaq_marts.fct_daily_averages where local_date >= '2025-11-07'")
    assert local["n"] == 0


def test_a_day_revised_late_rebuilds_only_that_day_and_what_depends_on_it(home: Home, serving: Serve) -> None:
    revised = reading(home, "2025-11-02")
    ledger = {tuple(row.values()) for row in home.query(BUILT)}
    mark_rows_of(home, "2025-11-05")
    source = serving(revise=[{"sensor": revised["sensor_id"], "end": f"{revised['ended']}Z", "value": 81.5}])
    home.run("2025-11-02", "2025-11-02", source)

    assert [row["value"] for row in home.query(reading_sql(revised))] == [81.5]
    changed = {row[1:3] for row in ledger ^ {tuple(row.values()) for row in home.query(BUILT)}}
    assert changed == {(entity, "2025-11-02") for entity in ("locations", "sensors", "measurements")}
    marked = f"select count(*) as n from openaq_marts.fct_measurements where value = {MARK}"
    averages = f"select count(*) as n from openaq_marts.fct_daily_averages where average_value = {MARK}"
    assert home.query(marked) == [{"n": home.rows_per_day()["2025-11-05"]}], "another day was built again"
    assert home.query(averages)[0]["n"] > 0, "averages that do not depend on the day were built again"
    average = (
        "select max_value from openaq_marts.fct_daily_averages join openaq_marts.dim_sensors "
        f"using (location_id, parameter) where sensor_id = {revised['sensor_id']} and max_value >= 81.5"
    )
    assert home.query(average), "the revised value is not in the averages"


def reading(home: Home, day: str) -> dict[str, object]:
    """Some reading of about noon: its sensor and the end of its period."""
    [row] = home.query(
        "select sensor_id, strftime(period_end_utc, '%Y-%m-%dT%H:%M:%S') as ended from openaq_marts.fct_measurements "
        f"where partition_date = '{day}' and hour(period_end_utc) = 12 and parameter = 'pm25' "
        "order by sensor_id limit 1"
    )
    return row


def reading_sql(row: dict[str, object]) -> str:
    where = f"sensor_id = {row['sensor_id']} and period_end_utc = '{row['ended']}'"
    return f"select value from openaq_marts.fct_measurements where {where}"


def mark_rows_of(home: Home, day: str) -> None:
    """Put a value into a day's rows that no build would: it stays only where nothing is built again."""
    with duckdb.connect(home.state / "warehouse.build.duckdb") as build:
        build.execute(f"update openaq_marts.fct_measurements set value = {MARK} where partition_date = '{day}'")
        build.execute(f"update openaq_marts.fct_daily_averages set average_value = {MARK} where local_date = '{day}'")
