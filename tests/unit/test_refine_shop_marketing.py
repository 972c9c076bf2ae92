"""The rules by which marketing's CSV files become rows, each with the file that shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any
from zlib import crc32

import pytest

from tandem.lake.partition import Partition
from tandem.lake.processed import check_frame
from tandem.refine.ecommerce import refine_campaign_performance, refine_marketing_spend
from tandem.refine.refined import RawFile, Refined
from tandem.schemas import Entity
from tandem.schemas.ecommerce import CAMPAIGN_PERFORMANCE, MARKETING_SPEND

DAY = date(2025, 11, 3)
SPEND = "date,channel,campaign_name,spend,impressions,clicks"
PERFORMANCE = "date,campaign_id,campaign_name,channel,conversions,revenue_attributed"
ROW = "2025-11-03,search,Brand,12.50,1000,10"
PERFORMED = "2025-11-03,c-7,Brand,search,4,199.96"

REFINERS: dict[str, tuple[Entity, Callable[..., Refined], str]] = {
    "spend": (MARKETING_SPEND, refine_marketing_spend, SPEND),
    "performance": (CAMPAIGN_PERFORMANCE, refine_campaign_performance, PERFORMANCE),
}


def file(content: str | bytes, delivered: str = "2025-11-03", **origin: Any) -> RawFile:
    payload = content.encode() if isinstance(content, str) else content
    return RawFile(f"marketing_{delivered}.{crc32(payload):08x}.csv", origin, lambda: payload, len(payload))


def spent(*rows: str, **about: Any) -> RawFile:
    return file("\n".join([SPEND, *rows, ""]), **about)


def refine(kind: str, *files: RawFile) -> Refined:
    entity, refiner, _header = REFINERS[kind]
    refined = refiner(files, DAY)
    assert 2 * refined.counts["in"] == sum(refined.counts.values())
    for frame in refined.frames:
        check_frame(frame, Partition(entity.system, entity.name, DAY), entity)
    return refined


def rows_of(kind: str, *files: RawFile) -> list[dict[str, Any]]:
    refined = refine(kind, *files)
    assert refined.reasons == {}
    return refined.frames[0].to_dicts()


def one(content: str | bytes) -> dict[str, Any]:
    (record,) = rows_of("spend", file(content))
    return record


EXPECTED = {
    "spend_date": DAY,
    "channel": "search",
    "campaign_name": "Brand",
    "spend": Decimal("12.50"),
    "impressions": 1000,
    "clicks": 10,
    "partition_date": DAY,
}


def test_a_row_of_spending_becomes_a_typed_row() -> None:
    assert one(f"{SPEND}\n{ROW}\n") == EXPECTED


def test_a_row_of_performance_becomes_a_typed_row() -> None:
    assert rows_of("performance", file(f"{PERFORMANCE}\n{PERFORMED}\n")) == [
        {
            "performance_date": DAY,
            "campaign_id": "c-7",
            "campaign_name": "Brand",
            "channel": "search",
            "conversions": 4,
            "revenue_attributed": Decimal("199.96"),
            "partition_date": DAY,
        }
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{SPEND}\r\n{ROW}\r\n", id="carriage returns"),
        pytest.param(f"{SPEND}\r{ROW}\r", id="carriage returns alone"),
        pytest.param(f"{SPEND}\n{ROW}", id="no line break at the end"),
        pytest.param(f"\n{SPEND}\n\n  \n,,,,,\n{ROW}\n\n", id="blank lines"),
        pytest.param(f"{SPEND}\n{ROW}\n".replace(",", ";"), id="semicolons"),
        pytest.param(f"{SPEND}\n{ROW}\n".replace(",", "\t"), id="tabs"),
        pytest.param(f"{SPEND}\n{ROW}\n".replace(",", ", "), id="spaces after commas"),
        pytest.param(f"{SPEND}\n2025-11-03 , search,Brand , 12.50 ,1000 ,10\n", id="spaces around fields"),
        pytest.param(f"Date,CHANNEL,\"Campaign-Name\", Spend ,Impressions,'clicks'\n{ROW}\n", id="another header"),
        pytest.param(
            "clicks,spend,date,campaign name,impressions,channel\n10,12.50,2025-11-03,Brand,1000,search\n", id="order"
        ),
        pytest.param(f"region,{SPEND},\nEU,{ROW},x\n", id="more columns"),
        pytest.param(f'{SPEND}\n"2025-11-03","search","Brand","12.50","1,000","10"\n', id="quoted"),
    ],
)
def test_a_file_may_be_laid_out_in_many_ways(content: str) -> None:
    assert one(content) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_a_file_may_have_any_usual_encoding(encoding: str) -> None:
    assert one(f"{SPEND}\n{ROW.replace('Brand', 'Été à Zürich')}\n".encode(encoding))["campaign_name"] == "Été à Zürich"


def test_a_byte_that_no_encoding_has_harms_only_its_character() -> None:
    assert one(f"{SPEND}\n{ROW}\n".encode().replace(b"Brand", b"Br\x81\xe9"))["campaign_name"] == "Br\ufffdé"


def test_a_file_that_was_cut_within_a_character_is_still_read() -> None:
    content = f"{SPEND}\n{ROW}\n".encode("utf-16")
    assert refine("spend", file(content[:-1])).counts["in"] == 1


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_breaks() -> None:
    quoted = ROW.replace("Brand", '"Big, ""red""\r\nsale"')
    names = [row["campaign_name"] for row in rows_of("spend", file("\r\n".join([SPEND, quoted, ROW])))]
    assert names == ['Big, "red" sale', "Brand"]


@pytest.mark.parametrize(
    ("came", "becomes"),
    [
        ("12", "12"),
        ("$12.00", "12"),
        ("US$ 1,234.50", "1234.50"),
        ("12.5 USD", "12.50"),
        ("1,234,567.89", "1234567.89"),
        ("1.234,50", "1234.50"),
        ("12,5", "12.50"),
        ("+3", "3"),
        ("0", "0"),
        ("12.", "12"),
        ("9999999999.99", "9999999999.99"),
        ("12.5000", "12.50"),
    ],
)
def test_an_amount_may_be_written_in_many_ways(came: str, becomes: str) -> None:
    assert one(f'{SPEND}\n2025-11-03,search,Brand,"{came}",,\n')["spend"] == Decimal(becomes)


@pytest.mark.parametrize(
    ("came", "becomes"),
    [
        ("2025-11-03", DAY),
        ("2025-11-03T00:00:00Z", DAY),
        ("2025-11-03 23:59:59+02:00", DAY),
        ("03/11/2025", DAY),
        ("3/11/2025", DAY),
        ("11/03/2025", date(2025, 3, 11)),
    ],
)
def test_a_date_is_iso_or_day_first(came: str, becomes: date) -> None:
    assert one(f"{SPEND}\n{ROW.replace('2025-11-03', came)}\n")["spend_date"] == becomes


@pytest.mark.parametrize(
    ("came", "becomes"),
    [("Paid Search", "paid_search"), ("paid-search", "paid_search"), (" PAID__SEARCH ", "paid_search"), ("TV", "tv")],
)
def test_a_channel_is_lower_snake_case(came: str, becomes: str) -> None:
    assert one(f"{SPEND}\n{ROW.replace('search', came)}\n")["channel"] == becomes


def test_an_empty_count_is_unknown_and_a_grouped_one_is_whole() -> None:
    record = one(f'{SPEND}\n2025-11-03,search,Brand,1,"1,000,000", \n')
    assert (record["impressions"], record["clicks"]) == (1_000_000, None)


def test_a_campaign_may_have_no_name_in_its_performance() -> None:
    assert rows_of("performance", file(f"{PERFORMANCE}\n2025-11-03,c-7,,search,0,0\n"))[0]["campaign_name"] is None


@pytest.mark.parametrize(
    ("kind", "reason", "bad"),
    [
        pytest.param("spend", "date_invalid", ROW.replace("2025-11-03", ""), id="no date"),
        pytest.param("spend", "date_invalid", ROW.replace("2025-11-03", "yesterday"), id="no such date"),
        pytest.param("spend", "date_invalid", ROW.replace("2025-11-03", "11/31/2025"), id="month first"),
        pytest.param("spend", "date_invalid", ROW.replace("2025-11-03", "2025-11-31"), id="no such day"),
        pytest.param("spend", "date_invalid", ROW.replace("2025-11-03", "2025-11-03 noon"), id="no such time"),
        pytest.param("spend", "date_invalid", ROW.replace("2025-11-03", "0000-11-03"), id="no such year"),
        pytest.param("spend", "channel_missing", ROW.replace("search", "-"), id="no channel"),
        pytest.param("spend", "campaign_name_missing", ROW.replace("Brand", " "), id="no campaign"),
        pytest.param("spend", "amount_missing", ROW.replace("12.50", ""), id="nothing spent"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "n/a"), id="no number"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "€12.50"), id="another currency"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "12.505"), id="half a cent"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "1.2.3"), id="two points"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", '"1,23,456"'), id="odd groups"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "10000000000"), id="too large"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "1e3"), id="another notation"),
        pytest.param("spend", "amount_invalid", ROW.replace("12.50", "."), id="a point"),
        pytest.param("spend", "amount_negative", ROW.replace("12.50", "-12.50"), id="spent backwards"),
        pytest.param("spend", "amount_negative", ROW.replace("12.50", "-$12.50"), id="dollars backwards"),
        pytest.param("spend", "count_negative", ROW.replace("1000", "-1"), id="shown backwards"),
        pytest.param("spend", "count_invalid", ROW.replace("1000", "1.5"), id="half shown"),
        pytest.param("spend", "count_invalid", ROW.replace(",1000,10", ",1000,many"), id="many clicks"),
        pytest.param("spend", "count_invalid", ROW.replace("1000", str(2**63)), id="too often"),
        pytest.param("spend", "row_ragged", ROW + ",7", id="too long"),
        pytest.param("spend", "row_ragged", ROW.removesuffix(",10"), id="too short"),
        pytest.param("spend", "row_ragged", ROW.replace("Brand", '"Brand" new'), id="text after a quote"),
        pytest.param("spend", "row_ragged", ROW.replace("Brand", '"Brand'), id="a quote that is not closed"),
        pytest.param("performance", "campaign_id_missing", PERFORMED.replace("c-7", ""), id="no campaign's id"),
        pytest.param("performance", "count_missing", PERFORMED.replace(",4,", ",,"), id="no conversions"),
        pytest.param("performance", "count_negative", PERFORMED.replace(",4,", ",-4,"), id="converted backwards"),
        pytest.param("performance", "amount_missing", PERFORMED.replace("199.96", ""), id="no revenue"),
        pytest.param("performance", "amount_negative", PERFORMED.replace("199.96", "-1"), id="negative revenue"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(kind: str, reason: str, bad: str) -> None:
    header = REFINERS[kind][2]
    good = [(ROW if kind == "spend" else PERFORMED).replace("2025-11-03", day) for day in ("2025-11-01", "2025-11-02")]
    refined = refine(kind, file("\r\n".join([header, good[0], bad, good[1], ""])))

    assert refined.reasons == {reason: 1}
    assert refined.counts["out"] == 2
    reject = refined.rejects.to_dicts()[0]
    assert (reject["position"], reject["payload"]) == (2, bad)
    assert reject["origin"].startswith("marketing_2025-11-03")


def test_a_position_is_a_line_of_the_file() -> None:
    content = f'\n{SPEND}\n\n2025-11-03,search,"Big\nsale",1,,\nragged\n'
    assert refine("spend", file(content)).rejects["position"].to_list() == [5]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\n", id="blank"),
        pytest.param(ROW, id="no header"),
        pytest.param(f"{PERFORMANCE}\n{PERFORMED}\n", id="header of another file"),
        pytest.param(f"{SPEND},Spend\n{ROW},1\n", id="the same column twice"),
        pytest.param(f"{SPEND.replace(',', '|')}\n", id="another delimiter"),
        pytest.param(b"PK\x03\x04\x00\x00\xff\xfe", id="a spreadsheet"),
    ],
)
def test_a_file_without_a_usable_header_is_one_reject_and_harms_no_other(content: str | bytes) -> None:
    refined = refine("spend", file(content, delivered="2025-11-02"), spent(ROW))

    assert refined.reasons == {"payload_invalid": 1}
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}
    assert refined.rejects["position"].to_list() == [None]


@pytest.mark.parametrize("kind", REFINERS)
def test_nothing_gives_no_rows(kind: str) -> None:
    assert refine(kind).counts["in"] == refine(kind, file(REFINERS[kind][2])).counts["in"] == 0


def test_the_latest_delivery_wins_then_the_later_row() -> None:
    early = spent(ROW.replace("12.50", "1"), ROW.replace("12.50", "2"), delivered="2025-11-02", attempt=5)
    late = spent(ROW.replace("12.50", "3"), delivered="2025-11-03", attempt=1)

    assert refine("spend", early).frames[0]["spend"].to_list() == [Decimal(2)]
    assert refine("spend", late, early).frames[0]["spend"].to_list() == [Decimal(3)]
    assert refine("spend", late, early).counts["superseded"] == 2


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("2", "1")])
def test_of_one_delivery_the_later_attempt_wins(first: str, second: str) -> None:
    attempts = [spent(ROW.replace("12.50", amount), attempt=n) for n, amount in enumerate((first, second), start=1)]
    assert refine("spend", *attempts).frames[0]["spend"].to_list() == [Decimal(second)]


def test_a_bad_row_does_not_remove_a_good_one() -> None:
    refined = refine("spend", spent(ROW, delivered="2025-11-02"), spent(ROW.replace("12.50", "?")))
    assert refined.counts == {"in": 2, "out": 1, "superseded": 0, "outside": 0, "quarantined": 1}


def test_rows_come_out_the_same_in_whatever_order_files_are_given() -> None:
    files = [
        spent(ROW, ROW.replace("search", "email"), delivered="2025-11-01"),
        spent(ROW.replace("12.50", "7"), "ragged", delivered="2025-11-02"),
        spent(ROW.replace("Brand", "Autumn"), delivered="2025-11-03"),
    ]
    results = [refine("spend", *shuffled) for shuffled in permutations(files)]

    assert results[0].frames[0]["channel"].to_list() == ["email", "search", "search"]
    assert results[0].frames[0]["spend"].to_list() == [Decimal("12.50"), Decimal("12.50"), Decimal(7)]
    assert all(result.frames[0].equals(results[0].frames[0]) for result in results)
    assert all(result.rejects.equals(results[0].rejects) for result in results)
