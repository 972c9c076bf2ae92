"""A source that changed: what is new passes with a notice, what is missing or of another kind stops."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tandem.errors import SchemaChanged
from tandem.extract.csv_columns import observed_columns
from tandem.extract.drift import Observed, check, types_of
from tandem.extract.json_fields import Fields
from tandem.schemas import Arriving, Column, Entity, Kind, Type
from tandem.schemas.ecommerce import CAMPAIGN_PERFORMANCE, MARKETING_SPEND, REFUNDS

GOODS = Entity(
    system="ecommerce",
    name="goods",
    description="",
    clock="",
    key=("id",),
    columns=(Column("id", Type.BIGINT, ""),),
    arrives=(Arriving("id", Kind.INTEGER), Arriving("price", Kind.NUMBER), Arriving("note", Kind.TEXT, required=False)),
)
ID = Observed("id", Kind.INTEGER, "bigint")
PRICE = Observed("price", Kind.NUMBER, "numeric")
SPEND = b"date,channel,campaign_name,spend,impressions,clicks\n"
DAY = b"2025-11-03,search,Brand,12.50,100,7\n"


def checked(*observed: Observed, before: dict[str, str] | None = None) -> list[str]:
    return check(GOODS, "table goods", observed, before=before)


def test_columns_as_declared_need_no_words() -> None:
    assert checked(ID, PRICE) == []
    assert checked(ID, PRICE, Observed("note", Kind.TEXT, "text")) == []


def test_a_new_column_passes_with_a_notice() -> None:
    [notice] = checked(ID, PRICE, Observed("colour", Kind.TEXT, "character varying"))
    assert "ecommerce.goods" in notice
    assert "colour (character varying)" in notice


def test_a_missing_column_stops_and_the_message_says_what_is_there_now() -> None:
    with pytest.raises(SchemaChanged) as error:
        checked(ID, Observed("net_price", Kind.NUMBER, "numeric"))
    said = str(error.value)
    assert "price (number) is missing" in said
    assert "net_price (numeric); one of them may be a new name" in said
    assert "id, net_price" in said
    assert "schemas/ecommerce.py" in said
    assert not error.value.retryable


def test_a_column_of_another_kind_stops() -> None:
    with pytest.raises(SchemaChanged, match="price was number and is now character varying"):
        checked(ID, Observed("price", Kind.TEXT, "character varying"))


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SchemaChanged, match=r"id was integer and is now uuid; price \(number\) is missing"):
        checked(Observed("id", Kind.TEXT, "uuid"))


def test_another_type_of_the_same_kind_passes_with_a_notice_once() -> None:
    before = types_of([ID, PRICE])
    [notice] = checked(Observed("id", Kind.INTEGER, "integer"), PRICE, before=before)
    assert "id in table goods was bigint and is now integer" in notice
    assert checked(ID, PRICE, before=before) == []


def refunds(*changes: dict[str, object], without: Sequence[str] = ()) -> list[Observed]:
    whole = {"id": "re_1", "object": "refund", "amount": 100, "created": 1, "currency": "usd"}
    whole |= {"charge": "ch_1", "status": "succeeded", "reason": None}
    fields = Fields(REFUNDS)
    fields.note([{name: value for name, value in {**whole, **one}.items() if name not in without} for one in changes])
    return fields.observed()


def test_a_field_that_no_object_has_stops() -> None:
    with pytest.raises(SchemaChanged, match=r"charge \(text\) is missing"):
        check(REFUNDS, "Stripe", refunds({}, {}, without=["charge"]))


def test_a_field_of_another_kind_in_every_object_stops() -> None:
    with pytest.raises(SchemaChanged, match="amount was integer and is now text"):
        check(REFUNDS, "Stripe", refunds({"amount": "1"}, {"amount": None}))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"amount": "1.00"}, id="of another kind"),
        pytest.param({"amount": True}, id="a truth value is no number"),
        pytest.param({"charge": None, "reason": None, "status": None}, id="null"),
    ],
)
def test_single_bad_objects_pass_to_be_set_aside_later(other: dict[str, object]) -> None:
    assert check(REFUNDS, "Stripe", refunds({}, other)) == []


def test_what_is_no_object_is_passed_over() -> None:
    fields = Fields(REFUNDS)
    fields.note([None, "re_1", json.loads("[1]")])
    assert fields.seen == 0


def test_a_field_that_is_known_elsewhere_needs_no_notice() -> None:
    observed = refunds({"livemode": False, "mood": "good"})
    [notice] = check(REFUNDS, "Stripe", observed, known=frozenset({"livemode"}))
    assert "mood (text)" in notice


def of_file(payload: bytes, entity: Entity = MARKETING_SPEND) -> list[str]:
    return check(entity, "file x.csv", observed_columns(entity, payload))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(SPEND + DAY, id="plain"),
        pytest.param(SPEND, id="no rows"),
        pytest.param("\ufeff".encode() + SPEND + DAY, id="byte order mark"),
        pytest.param((SPEND + DAY).decode().encode("utf-16"), id="utf-16"),
        pytest.param(SPEND + DAY.replace(b"Brand", "Größe".encode("latin-1")), id="latin-1"),
        pytest.param(
            b'" Date ","Channel","Campaign Name","SPEND",Impressions,clicks\r\n' + DAY, id="spaces, case, quotes"
        ),
        pytest.param((SPEND + DAY).replace(b",", b";"), id="semicolons"),
        pytest.param(b"clicks,impressions,spend,campaign-name,channel,date\n", id="another order"),
        pytest.param(SPEND + b"n/a,search,Brand,much,100,7\n", id="a bad row"),
        pytest.param(SPEND + b'2025-11-03,search,"Br\n' * 5, id="ragged rows"),
        pytest.param(SPEND + b'2025-11-03,search,Brand,"$1,234.50","1,000",7\n' * 5, id="dollars and thousands"),
        pytest.param(SPEND + b"03/11/2025,search,Brand,12,,\n" * 5, id="other dates, empty numbers"),
    ],
)
def test_headers_are_the_same_however_they_are_written(payload: bytes) -> None:
    assert of_file(payload) == []


def test_a_new_column_of_a_file_passes_with_a_notice() -> None:
    [notice] = of_file(SPEND.strip() + b",Agency Fee\n" + DAY.strip() + b",1\n")
    assert "agency_fee" in notice


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        pytest.param(SPEND.replace(b"spend", b"cost"), r"spend \(number\) is missing", id="renamed"),
        pytest.param(DAY * 3, r"date \(date\) is missing", id="no header"),
        pytest.param(SPEND.replace(b"clicks", b"date"), "date was date and is now there 2 times", id="twice"),
        pytest.param(SPEND + DAY.replace(b"12.50", b"cheap") * 3, "spend was number and is now text such", id="text"),
        pytest.param(SPEND + DAY.replace(b"2025-11-03", b"Monday") * 3, "date was date and is now text", id="no date"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "is missing", id="no text at all"),
    ],
)  # fmt: skip
def test_a_changed_file_stops(payload: bytes, fault: str) -> None:
    with pytest.raises(SchemaChanged, match=fault):
        of_file(payload)


def test_the_other_feed_has_columns_of_its_own() -> None:
    with pytest.raises(SchemaChanged, match=r"file x\.csv has changed"):
        of_file(SPEND + DAY, CAMPAIGN_PERFORMANCE)


def test_an_empty_file_has_no_columns() -> None:
    assert observed_columns(MARKETING_SPEND, b"\n \n") == []
