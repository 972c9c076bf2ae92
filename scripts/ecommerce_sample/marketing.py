"""The files of the marketing, one of each kind a day, and the ways in which they differ from each other."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from ecommerce_sample.draws import below, one_of
from ecommerce_sample.span import Span

SPEND = ("date", "channel", "campaign_name", "spend", "impressions", "clicks")
PERFORMANCE = ("date", "campaign_id", "campaign_name", "channel", "conversions", "revenue_attributed")
CHANNELS = ("search", "social", "email", "display", "affiliate")
THEMES = ("Brand", "Autumn Sale", "Winter Coats", "Newcomers", "Basket Reminder", "Gift Guide")
CAMPAIGNS = 30
PERFORMANCE_DAYS = 40
ACCENTED = "Été indien"
# Days after the first on which the campaigns claim more than the shop took.
OVERCLAIMED = (-9, 6)
Row = list[str]


@dataclass(frozen=True)
class Delivery:
    """A file as it is delivered."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """How a day's file is written."""

    encoding: str = "utf-8"
    delimiter: str = ","
    header: Mapping[str, str] | None = None
    order: tuple[int, ...] | None = None


FORMS = {
    1: Form("utf-8-sig"),
    2: Form("latin-1"),
    3: Form(
        order=(2, 0, 1, 3, 5, 4), header={"date": " Date", "campaign_name": "Campaign Name ", "channel": "CHANNEL"}
    ),
    11: Form(delimiter=";"),
}


def deliveries(span: Span, revenue: Mapping[date, float]) -> Iterator[Delivery]:
    """All files: the first of each kind holds its history, then there is one a day."""
    history = [span.first - timedelta(days=back) for back in range(364, -1, -1)]
    for offset in range(span.days):
        day = span.first + timedelta(days=offset)
        spend = [_spend(span, one) for one in (history if offset == 0 else [day])]
        recent = history[-PERFORMANCE_DAYS:] if offset == 0 else [day]
        performance = [row for one in recent for row in _performance(span, one, revenue.get(one, 0.0))]
        yield _file("marketing_spend", SPEND, day, _spoilt_spend(span, offset, spend), FORMS.get(offset, Form()))
        spoilt = _spoilt_performance(span, offset, performance, revenue)
        yield _file("campaign_performance", PERFORMANCE, day, spoilt, FORMS.get(offset, Form()))


def _spend(span: Span, day: date) -> Row:
    """One campaign is paid for on a day."""
    number = (day - date(2020, 1, 1)).days
    random = Random(span.seed * 49_979_687 + number)
    channel = CHANNELS[number % len(CHANNELS)]
    impressions = 20_000 + below(random, 60_000)
    clicks = impressions * (8 + below(random, 30)) // 1_000
    spent = f"{150 + below(random, 900)}.{below(random, 100):02}"
    return [day.isoformat(), channel, _name(number % CAMPAIGNS), spent, str(impressions), str(clicks)]


def _performance(span: Span, day: date, revenue: float) -> list[Row]:
    """What thirty campaigns claim to have brought: about half of what the shop took, and once in a while more."""
    random = Random(span.seed * 67_867_967 + day.toordinal())
    claimed = revenue * (1.3 if (day - span.first).days in OVERCLAIMED else 0.35 + 0.3 * random.random())
    shares = [random.random() * random.random() for _ in range(CAMPAIGNS)]
    rows = []
    for campaign, share in enumerate(shares):
        amount = int(claimed * share / sum(shares) * 100)
        conversions = str(max(1, amount // 12_000) if amount else 0)
        money = f"{amount // 100}.{amount % 100:02}"
        rows.append([day.isoformat(), f"C-{campaign + 1:03}", _name(campaign), _channel(campaign), conversions, money])
    return rows


def _channel(campaign: int) -> str:
    return CHANNELS[campaign % len(CHANNELS)]


def _name(campaign: int) -> str:
    return f"{THEMES[campaign // len(CHANNELS)]} {_channel(campaign).title()}"


def _spoilt_spend(span: Span, offset: int, rows: list[Row]) -> list[Row]:
    """The same rows as a bad day would bring them, by days after the first."""
    first = rows[0]
    if offset == 5:
        first[2] = 'Brand, the "big" one\nsecond line'
    elif offset == 6:
        first[3:] = [f"$1,{first[3].zfill(6)}", "1,234,567", ""]
    elif offset == 7:
        first[0] = _day_first(first[0])
    elif offset == 8:
        first[0] += "T00:00:00Z"
    elif offset == 10:
        corrected = _spend(span, span.first + timedelta(days=8))
        return [[*corrected[:3], "99.50", *corrected[4:]], first]
    elif offset == 12:
        first[1] = "Paid Search"
    return rows


def _spoilt_performance(span: Span, offset: int, rows: list[Row], revenue: Mapping[date, float]) -> list[Row]:
    random = Random(span.seed + offset)
    if offset == 2:
        rows[4][2] = ACCENTED
    elif offset == 4:
        rows[2], rows[7] = rows[2][:4], [*rows[7], "see mail"]
    elif offset == 5:
        rows[1][2], rows[3][2] = "Brand, worldwide", "Gift Guide\nsecond flight"
    elif offset == 6:
        rows[0][5], rows[1][5], rows[2][4] = "1,234.50", f"${rows[1][5]}", ""
    elif offset == 7:
        return [[_day_first(row[0]), *row[1:]] for row in rows]
    elif offset == 8:
        return [[f"{row[0]}T00:00:00Z", *row[1:]] for row in rows]
    elif offset == 9:
        return [*rows, one_of(random, rows)]
    elif offset == 10:
        before = span.first + timedelta(days=8)
        corrected = _performance(span, before, revenue.get(before, 0.0))[:3]
        return [*([*row[:5], "10.00"] for row in corrected), *rows]
    elif offset == 12:
        rows[0][0], rows[1][5] = "soon", "n/a"
    return rows


def _day_first(text: str) -> str:
    return "/".join(reversed(text.split("-")))


def _file(kind: str, header: tuple[str, ...], day: date, rows: list[Row], form: Form) -> Delivery:
    table = [[(form.header or {}).get(name, name) for name in header], *rows]
    if form.order:
        table = [[row[place] for place in form.order] for row in table]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=form.delimiter, lineterminator="\n").writerows(table)
    return Delivery(f"{kind}_{day.isoformat()}.csv", text.getvalue().encode(form.encoding))
