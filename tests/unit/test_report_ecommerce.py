"""The shop's part of the page: what it says of the marts, whole, partly empty and empty."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tandem.report import RunSummary, Section, Span, write_report
from tandem.report.blocks import Cell, Figures, Note, Table, Tiles
from tandem.report.charts import Line, line_chart
from tandem.report.ecommerce import section

NASTY = '<script>alert(1)</script> & "co" {{ 7*7 }}'
MARTS = f"""
    create schema ecommerce_marts;
    create table ecommerce_marts.fct_orders as select * from (values
        (1, date '2025-11-01', 'delivered', true, 100.00),
        (2, date '2025-11-01', 'refunded', true, 50.50),
        (3, date '2025-11-01', 'pending_review', false, 20.00),
        (4, date '2025-11-03', 'delivered', true, 1000.00),
        (5, date '2025-08-31', 'shipped', true, 7.00))
        as t(order_id, order_date, status, counts_as_revenue, total_usd);
    create table ecommerce_marts.fct_daily_revenue as select * from (values
        (date '2025-08-31', 1, 0.50, 7.00, 0.00, 7.00),
        (date '2025-11-01', 2, 5.25, 150.50, 0.00, 150.50),
        (date '2025-11-03', 1, 0.00, 1000.00, 1050.50, -50.50))
        as t(revenue_date, orders, discount_usd, revenue_usd, refunds_usd, net_revenue_usd);
    create table ecommerce_marts.fct_channel_performance as select * from (values
        (date '2025-11-01', 'search', 40.00, 90::bigint, 4::bigint, 120.00),
        (date '2025-11-03', 'search', 60.00, 10::bigint, 1::bigint, 80.00),
        (date '2025-11-01', '{NASTY}', null, null, 2::bigint, 60.00),
        (date '2025-11-01', 'display', 10.00, 2::bigint, null, null),
        (date '2025-11-03', 'display', 20.00, 3::bigint, 0::bigint, 15.00))
        as t(performance_date, channel, spend_usd, clicks, conversions, attributed_revenue_usd);
    create table ecommerce_marts.fct_revenue_reconciliation as select * from (values
        (date '2025-11-01', 150.50, 180.00, true), (date '2025-11-03', 1000.00, 95.00, false))
        as t(revenue_date, revenue_usd, attributed_revenue_usd, is_over_attributed);
    create table ecommerce_marts.dim_customers as select * from (values
        (1, false, 'bronze', 1150.50), (1, true, 'platinum', 1150.50),
        (5, true, 'gold', 2000.00), (2, true, 'bronze', 7.00), (3, true, 'bronze', 0.00), (4, true, '{NASTY}', 0.00))
        as t(customer_id, is_current, tier, lifetime_value_usd);
"""
TABLES = ("fct_orders", "fct_daily_revenue", "fct_channel_performance", "fct_revenue_reconciliation", "dim_customers")
RECONCILED = "Attributed revenue against revenue"


@pytest.fixture
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MARTS)
    return connection


def section_of(connection: duckdb.DuckDBPyConnection) -> Section:
    def query(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        return [], connection.execute(sql).fetchall()

    return section(query)


def rows(connection: duckdb.DuckDBPyConnection, title: str) -> list[list[str]]:
    table = table_of(connection, title)
    return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]


def table_of(connection: duckdb.DuckDBPyConnection, title: str) -> Table:
    [table] = [b for b in section_of(connection).blocks if isinstance(b, Table) and b.title == title]
    return table


def charts(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    figures = [block for block in section_of(connection).blocks if isinstance(block, Figures)]
    return {chart.title: chart.svg for figure in figures for chart in figure.charts}


def page(path: Path, connection: duckdb.DuckDBPyConnection) -> str:
    moment = datetime(2025, 11, 30, 9, 12, tzinfo=UTC)
    run = RunSummary(["ecommerce"], "dev", "duckdb", Span(date(2025, 11, 1)), moment, 5.0)
    write_report(path, run, [section_of(connection)])
    return path.read_text(encoding="utf-8")


def test_tiles_hold_the_sums_of_the_days_shown(marts: duckdb.DuckDBPyConnection) -> None:
    [tiles] = [block for block in section_of(marts).blocks if isinstance(block, Tiles)]
    said = {tile.label: (tile.value, tile.note) for tile in tiles.tiles}
    assert said["Revenue"] == ("$1,150", "in 62 days")  # 31 August is outside
    assert said["Refunds"][0] == "$1,050"
    assert said["Net revenue"][0] == "$100.00"
    assert said["Orders"] == ("4", "3 count as revenue")
    assert said["Average order"][0] == "$383.50"
    assert said["Customers"] == ("5", "lifetime value $3,158")


def test_chart_draws_a_day_without_an_order_as_nothing_earned(marts: duckdb.DuckDBPyConnection) -> None:
    revenue = charts(marts)["Revenue"]
    assert "Revenue, 1 Nov: 150 USD" in revenue
    assert "Revenue, 2 Nov: 0 USD" in revenue


def test_chart_shows_a_day_on_which_more_was_paid_back_than_earned(marts: duckdb.DuckDBPyConnection) -> None:
    assert "Net revenue, 3 Nov: -50.5 USD" in charts(marts)["Revenue"]


def test_chart_draws_what_is_below_zero_inside_its_frame() -> None:
    days = [date(2025, 11, day) for day in (1, 2, 3)]
    above, below = (line_chart("x", days, [Line("x", "c0", values)], unit="") for values in ([9, 9, 0], [9, 9, -9]))
    assert max(marks(below)) <= max(marks(above))


def marks(svg: str) -> list[float]:
    return [float(y) for y in re.findall(r'cy="([\d.]+)"', svg)]


def test_chart_leaves_a_gap_where_only_the_cost_of_a_channel_is_known(marts: duckdb.DuckDBPyConnection) -> None:
    drawn = charts(marts)["Attributed revenue by channel"]
    assert "display, 3 Nov" in drawn
    assert "display, 1 Nov" not in drawn


def test_chart_of_claims_leaves_a_gap_where_nothing_is_known(marts: duckdb.DuckDBPyConnection) -> None:
    claims = charts(marts)["Revenue and claims"]
    assert "Attributed revenue, 1 Nov: 180 USD" in claims
    assert "Attributed revenue, 2 Nov" not in claims


def test_months_cover_the_whole_history_newest_first(marts: duckdb.DuckDBPyConnection) -> None:
    assert rows(marts, "Revenue by month") == [
        ["November 2025", "3", "$5.25", "$1,150", "$1,050", "$100.00"],
        ["August 2025", "1", "$0.50", "$7.00", "$0.00", "$7.00"],
    ]


def test_channels_show_return_on_what_was_spent_and_say_when_it_is_not_known(marts: duckdb.DuckDBPyConnection) -> None:
    dash = "\N{EN DASH}"
    assert rows(marts, "Channels") == [
        ["search", "$100.00", "100", "5", "$20.00", "$200.00", "2.00"],
        [NASTY, dash, dash, "2", dash, "$60.00", dash],
        ["display", "$30.00", "5", "0", dash, "$15.00", "0.50"],
    ]


def test_chart_of_channels_keeps_to_those_that_claim_most(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("""
        insert into ecommerce_marts.fct_channel_performance
        select date '2025-11-01', 'extra' || i, 1.00, 1, 1, i * 0.01 from range(1, 21) as t(i)""")
    drawn = charts(marts)["Attributed revenue by channel"]
    assert "extra20, 1 Nov" in drawn
    assert "extra13, 1 Nov" not in drawn
    assert len(rows(marts, "Channels")) == 23


def test_reconciliation_adds_up_and_names_the_day_that_claims_most_above(marts: duckdb.DuckDBPyConnection) -> None:
    table = [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in rows(marts, RECONCILED)]
    assert table == [
        ["Revenue", "$1,150", "100 %"],
        ["Attributed to channels", "$275.00", "23.9 %"],
        ["Not attributed", "$875.50", "76.1 %"],
    ]
    note = table_of(marts, RECONCILED).note.replace("\N{NO-BREAK SPACE}", " ")
    assert "On one day of 2 the channels claim more than there was, most on 1 Nov 2025: $180.00 of $150.50." in note


def test_reconciliation_names_the_day_by_how_much_is_claimed_above(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("""
        insert into ecommerce_marts.fct_revenue_reconciliation
        values (date '2025-11-02', 500.00, 501.00, true), (date '2025-10-30', 0.00, 1.00, true)""")
    note = table_of(marts, RECONCILED).note.replace("\N{NO-BREAK SPACE}", " ")
    assert "On 3 days of 4 the channels claim more than there was, most on 1 Nov 2025" in note


def test_tiers_count_current_versions_only_and_go_from_the_top(marts: duckdb.DuckDBPyConnection) -> None:
    assert [row[:2] for row in rows(marts, "Customers by tier")] == [
        ["platinum", "1"],
        ["gold", "1"],
        ["bronze", "2"],
        [NASTY, "1"],
    ]


def test_statuses_say_which_orders_count(marts: duckdb.DuckDBPyConnection) -> None:
    found = [row[:3] for row in rows(marts, "Orders by status")]
    assert found == [["delivered", "yes", "2"], ["refunded", "yes", "1"], ["pending_review", "no", "1"]]
    assert [row[4] for row in rows(marts, "Orders by status")] == ["$1,100", "$50.50", "$20.00"]


def test_page_escapes_what_the_shop_says(tmp_path: Path, marts: duckdb.DuckDBPyConnection) -> None:
    html = page(tmp_path / "ecommerce.html", marts)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3  # a legend, two tables, marks of a chart
    assert "{{ 7*7 }}" in html


def test_section_of_empty_marts_says_so(marts: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        marts.execute(f"delete from ecommerce_marts.{table}")
    assert section_of(marts).blocks == [Note("The marts hold no order yet.")]


@pytest.mark.parametrize("table", [name for name in TABLES if name != "fct_daily_revenue"])
def test_section_stands_when_one_mart_is_empty(marts: duckdb.DuckDBPyConnection, table: str) -> None:
    marts.execute(f"delete from ecommerce_marts.{table}")
    assert "Revenue" in charts(marts)


def test_section_of_years_shows_the_last_days_only(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("""
        insert into ecommerce_marts.fct_daily_revenue
        select date '2020-01-01' + cast(i as integer), 1, 0, 1, 0, 1 from range(2000) as t(i)""")
    assert "3 September 2025 to 3 November 2025" in section_of(marts).intro
    assert charts(marts)["Revenue"].count("Net revenue, ") == 62
    assert len(rows(marts, "Revenue by month")) == 24


def test_section_reads_little_however_many_days_there_are(marts: duckdb.DuckDBPyConnection) -> None:
    asked: list[str] = []

    def query(sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        asked.append(sql)
        return [], marts.execute(sql).fetchall()

    section(query)
    assert len(asked) <= 8
