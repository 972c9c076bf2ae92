"""How figures, dates and codes are written on the page and in the terminal."""

from __future__ import annotations

from datetime import date

_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


def figure(value: float | None) -> str:
    """A measured value with as many decimals as it can bear: `985`, `45.2`, `0.31`."""
    if value is None:
        return "no data"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 or value == 0 else f"{value:.1f}" if size >= 1 else f"{value:.2g}"


def money(usd: float | None) -> str:
    """An amount in US dollars, with cents below a thousand: `$45.20`, `$12,345`; nothing for None."""
    if usd is None:
        return ""
    amount = f"{abs(usd):,.0f}" if abs(usd) >= 999.995 else f"{abs(usd):,.2f}"
    sign = _MINUS if usd < 0 and amount.strip("0.") else ""
    return f"{sign}${amount}"


def short_money(usd: float) -> str:
    """An amount that fits a tile, from a million up in millions: `$12,345`, `$2.04 M`."""
    return money(usd) if abs(usd) < 1e6 else f"{_MINUS if usd < 0 else ''}${abs(usd) / 1e6:,.2f}{_SPACE}M"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in percent; never rounded to 0 % or 100 % when it is neither."""
    if not whole:
        return f"0{_SPACE}%"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return f"under 0.1{_SPACE}%"
    if 99.9 < percent < 100:
        return f"over 99.9{_SPACE}%"
    return f"{percent:.1f}".removesuffix(".0").replace("-", _MINUS) + f"{_SPACE}%"


def duration(seconds: float) -> str:
    """Seconds in words that fit a table: `0.4 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def short_date(day: date) -> str:
    """`1 Oct 2025`, never broken over two lines."""
    return f"{day:%-d %b %Y}".replace(" ", _SPACE)


def long_dates(first: date, last: date) -> str:
    """`1 October 2025`, or both ends: `1 October 2025 to 30 November 2025`."""
    return f"{first:%-d %B %Y}" if first == last else f"{first:%-d %B %Y} to {last:%-d %B %Y}"


def reason_words(reason: str) -> str:
    """A reason code as words: `value_out_of_bounds` is `value out of bounds`."""
    return reason.replace("_", " ")
