"""A rehearsal as a user calls it: everything built twice on the local Athena, then held against DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable

from homes import RehearsalHome, kill, wait_for

import kill_runs
from tandem.standins.openaq.server import OpenAQStandin

Serve = Callable[..., OpenAQStandin]
MODELS, SEEDS = 12, 2


def test_every_model_is_built_in_full_and_incrementally(rehearsed: RehearsalHome) -> None:
    runs = [built(file) for file in sorted((rehearsed.state / "runs").glob("*.jsonl"))[:2]]
    assert [len(models) for models in runs] == [MODELS + SEEDS, MODELS]
    days = rehearsed.query("select distinct partition_date as day from openaq_marts.fct_measurements order by 1")
    assert [row["day"] for row in days] == ["2025-11-01", "2025-11-02", "2025-11-03"]


def built(journal: object) -> set[str]:
    events = [json.loads(line) for line in open(str(journal), encoding="utf-8")]  # noqa: SIM115, PTH123
    return {model[0] for event in events for model in event["facts"].get("models", []) if model[1] == "success"}


def test_a_row_removed_a_day_emptied_and_a_day_late_are_equal_on_both(rehearsed: RehearsalHome, serving: Serve) -> None:
    before = rehearsed.rows_per_day()
    [gone] = rehearsed.query(
        "select sensor_id, cast(period_end_utc as varchar) as ended from openaq_marts.fct_measurements "
        "where partition_date = date '2025-11-01' and hour(period_end_utc) = 12 and parameter = 'pm25' "
        "order by sensor_id limit 1"
    )
    source = serving(
        remove=[{"sensor": gone["sensor_id"], "end": f"{gone['ended'][:19].replace(' ', 'T')}Z"}],
        empty=[{"day": "2025-11-02"}],
    )
    rehearsed.rehearse("2025-11-01", "2025-11-02", source)
    late = rehearsed.rehearse("2025-10-30", "2025-10-30")
    assert "equal" in late
    after = rehearsed.rows_per_day()
    assert after.pop("2025-10-30") > 0
    assert after == {"2025-11-01": before["2025-11-01"] - 1, "2025-11-03": before["2025-11-03"]}


def test_killed_midway_the_next_rehearsal_is_equal_and_nothing_is_left_running(kept: RehearsalHome) -> None:
    day = ("--from", "2025-11-05", "--to", "2025-11-05")
    servers, earlier = kill_runs.processes_of(kept.path), kept.journals()
    killed = kept.start("run", "openaq", *day, environment=kept.environment())
    wait_for(lambda: kept.journals() > earlier and kept.ended("dbt_staging"), killed, patience=kept.patience)
    kill(killed)
    kill_runs.wait_until_gone(kept.path, but=servers)
    assert not kept.ended("dbt_marts")
    kept.rehearse("2025-11-05", "2025-11-05")
    kill_runs.wait_until_gone(kept.path, but=servers)


def test_the_shop_is_merged_day_by_day_and_equal(kept: RehearsalHome) -> None:
    kept.rehearse("2025-11-01", "2025-11-02", system="ecommerce")
    [counted] = kept.query("select count(*) as orders, count(distinct order_id) as ids from ecommerce_marts.fct_orders")
    assert counted["orders"] == counted["ids"] > 2000


def test_without_a_kept_cloud_a_rehearsal_ends_with_all_that_it_started(tmp_path: object) -> None:
    home = RehearsalHome(tmp_path / "home")  # type: ignore[operator]
    killed = home.start("run", "openaq", "--date", "2025-11-05", environment=home.environment())
    wait_for(lambda: home.ended("catalog"), killed, patience=home.patience)
    second = home.tandem("run", "openaq", "--date", "2025-11-05")
    assert second.code == 2
    assert "Another rehearsal is at work" in second.said
    kill(killed)
    kill_runs.wait_until_gone(home.path)
    looked = home.tandem("query", "select 1")
    assert looked.code == 2
    assert "tandem standins up" in looked.said
    said = home.rehearse("2025-11-05", "2025-11-06")
    assert "forgot what" in said
    kill_runs.wait_until_gone(home.path)
