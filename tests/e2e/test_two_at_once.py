"""Others at work on the same home while a run goes on."""

from __future__ import annotations

from foreign import DAY, ROWS, foreign_server
from homes import Home, wait_for, window


def test_a_second_run_is_told_who_holds_the_home_and_queries_go_on(home: Home) -> None:
    before = home.rows_per_day()
    with foreign_server() as server:
        server.answering.clear()
        environment = home.environment(OPENAQ_BASE_URL=server.base_url)
        first = home.start(*window(DAY, DAY), environment=environment)
        wait_for(server.asked.is_set, first)
        second = home.tandem(*window(DAY, DAY), environment=environment)
        collection = home.tandem("gc")
        during = home.rows_per_day()
        server.answering.set()
        while first.poll() is None:
            assert home.rows_per_day() in (before, {DAY: 2 * ROWS, **before})
        said = first.communicate()[0]
    assert first.returncode == 0, said
    assert during == before
    assert home.rows_per_day() == {DAY: 2 * ROWS, **before}
    for refused in (second, collection):
        assert refused.code == 2
        assert "tandem run openaq" in refused.said
        assert f"process {first.pid}" in refused.said
        assert "Traceback" not in refused.said
