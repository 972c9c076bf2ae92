"""Marketing's CSV files as rows: what was spent, and what the campaigns are said to have brought.

1. A file whose header has not the declared columns is set aside: payload_invalid. Columns may stand in any order and
   there may be more; how a file is read: `ecommerce_csv`. A row that is not as long as the header: row_ragged.
2. Dates are 2025-11-03, also with a time of day, or 03/11/2025: day first, because these files are European; anything
   else: date_invalid. A channel is lower snake case; spaces within a name count as one.
3. Numbers may have a dollar sign and thousands: $1,234.50 or 1.234,50, which no other number can be written as. Set
   aside: amount_missing, amount_invalid (no number, or more digits than declared: money is never rounded),
   amount_negative; count_missing, count_invalid (not whole), count_negative. An empty nullable count is null.
4. Set aside: channel_missing, campaign_name_missing (spend), campaign_id_missing (performance).
5. Of the good rows with the same key the one of the latest delivery (the date in the file's name) wins, then the one
   that was captured last, then the one that stands last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from tandem.refine.ecommerce_csv import Record, read_records
from tandem.refine.elements import Row, elements, last_of_each
from tandem.refine.refined import PAYLOAD_CHARACTERS, RawFile, Refined, Reject, attempt_of
from tandem.schemas import Entity
from tandem.schemas.ecommerce import CAMPAIGN_PERFORMANCE, MARKETING_SPEND

Fields = dict[str, str]

_DELIVERED = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})", re.ASCII)
_NUMBER = re.compile(r"([+-]?)\s*(?:US\$|USD|\$)?\s*([\d.,]+)\s*(?:USD|\$)?", re.ASCII)
_POINT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d*)?", re.ASCII)
_COMMA = re.compile(r"(\d+|\d{1,3}(\.\d{3})+),\d{1,2}", re.ASCII)
_MOST = Decimal(10) ** 10
_MOST_COUNTED = 2**63


class _Unfit(ValueError):
    """A row cannot be used, for `reason`; the message says what exactly is wrong."""

    def __init__(self, reason: str, detail: str | None) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def refine_marketing_spend(files: Iterable[RawFile], day: date) -> Refined:
    """What was spent, by date, channel and campaign, sorted by these."""
    return _refine(MARKETING_SPEND, files, day, _spend)


def refine_campaign_performance(files: Iterable[RawFile], day: date) -> Refined:
    """What campaigns are said to have brought, by date and campaign, sorted by these."""
    return _refine(CAMPAIGN_PERFORMANCE, files, day, _performance)


def _refine(entity: Entity, files: Iterable[RawFile], day: date, typed: Callable[[Fields], Row]) -> Refined:
    rejects: list[Reject] = []
    columns = [column.name for column in entity.arrives]
    payloads = ((file, file.read()) for file in sorted(files, key=_delivery))
    found = elements(payloads, lambda payload: read_records(payload, columns), rejects)
    return last_of_each(entity, (_row(one.file, one.content, typed) for one in found), rejects, day)


def _row(file: RawFile, record: Record, typed: Callable[[Fields], Row]) -> Row | Reject:
    try:
        return typed(_fields(record))
    except _Unfit as unfit:
        return Reject(unfit.reason, unfit.detail, file.name, record.line, record.text[:PAYLOAD_CHARACTERS])


def _delivery(file: RawFile) -> tuple[str, int, str]:
    """Files in the order in which they were delivered."""
    found = _DELIVERED.search(file.name)
    return found[0] if found else "", attempt_of(file), file.name


def _fields(record: Record) -> Fields:
    if record.fields is None:
        raise _Unfit("row_ragged", record.defect)
    return {name: " ".join(text.split()) for name, text in record.fields.items()}


def _spend(fields: Fields) -> Row:
    return (
        _date(fields["date"]),
        _channel(fields["channel"]),
        _given(fields, "campaign_name"),
        _amount(fields, "spend"),
        _count(fields, "impressions"),
        _count(fields, "clicks"),
    )


def _performance(fields: Fields) -> Row:
    conversions = _count(fields, "conversions")
    if conversions is None:
        raise _Unfit("count_missing", "conversions is empty")
    return (
        _date(fields["date"]),
        _given(fields, "campaign_id"),
        fields["campaign_name"] or None,
        _channel(fields["channel"]),
        conversions,
        _amount(fields, "revenue_attributed"),
    )


def _date(text: str) -> date:
    found = _ISO_DATE.fullmatch(text) or _DAY_FIRST.fullmatch(text)
    try:
        if found:
            return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        pass  # as 31/11/2025
    raise _Unfit("date_invalid", f"date is {text!r}")


def _channel(text: str) -> str:
    channel = re.sub(r"[^\w]+|_+", "_", text.lower()).strip("_")
    if not channel:
        raise _Unfit("channel_missing", None)
    return channel


def _given(fields: Fields, column: str) -> str:
    if not fields[column]:
        raise _Unfit(f"{column}_missing", None)
    return fields[column]


def _amount(fields: Fields, column: str) -> Decimal:
    """Dollars to the cent."""
    text = fields[column]
    value = _number(text)
    if not text:
        raise _Unfit("amount_missing", f"{column} is empty")
    if value is None or abs(value) >= _MOST or value != round(value, 2):
        raise _Unfit("amount_invalid", f"{column} is {text!r}")
    if value < 0:
        raise _Unfit("amount_negative", f"{column} is {text!r}")
    return value


def _count(fields: Fields, column: str) -> int | None:
    """A whole number, None when the field is empty."""
    text = fields[column]
    value = _number(text)
    if not text:
        return None
    if value is None or abs(value) >= _MOST_COUNTED or value != int(value):
        raise _Unfit("count_invalid", f"{column} is {text!r}")
    if value < 0:
        raise _Unfit("count_negative", f"{column} is {text!r}")
    return int(value)


def _number(text: str) -> Decimal | None:
    """A number with or without thousands, a decimal point or comma, a dollar sign; None for anything else."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    sign, digits = found.groups()
    if _POINT.fullmatch(digits):
        return Decimal(sign + digits.replace(",", ""))
    return Decimal(sign + digits.replace(".", "").replace(",", ".")) if _COMMA.fullmatch(digits) else None
