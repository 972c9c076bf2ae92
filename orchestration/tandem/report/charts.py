"""Drawings by pygal, as SVG that takes its colours from the page's style sheet (light, dark, print).

pygal is imported inside functions: a run that writes no report does not pay for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import cos, radians
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tandem.report.words import figure

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TONES = 10  # colours for lines
_OUTLINES = Path(__file__).parent / "outlines.txt"
_DECIMALS = re.compile(r"(\.\d)\d+")
_BARE = {"show_legend": False, "js": (), "disable_xml_declaration": True, "explicit_size": False, "no_prefix": True}


class Line(NamedTuple):
    """A line over days: what it shows, its colour class, one value per day (None: no data)."""

    name: str
    tone: str
    values: Sequence[float | None]


class Point(NamedTuple):
    """A place on the map with its colour class and what hovering over it says."""

    longitude: float
    latitude: float
    tone: str
    text: str


@dataclass(frozen=True)
class _Frame:
    """The part of the world that a map shows, in degrees."""

    west: float
    east: float
    south: float
    north: float
    height: int

    def touches(self, outline: Sequence[tuple[float, float]]) -> bool:
        return any(self.west - 8 <= x <= self.east + 8 and self.south - 8 <= y <= self.north + 8 for x, y in outline)


def line_chart(
    label: str, days: Sequence[date], lines: Sequence[Line], *, unit: str, limit: float | None = None, top: float = 0
) -> str:
    """Values per day, one line each, with a dashed line at `limit`; the scale spans 0 to `top` at least.

    `label` is read out in place of the drawing, `unit` follows each value.
    """
    if len(days) == 1:
        # A line needs two points: a day of its own stands between two that are empty.
        days = [days[0] - timedelta(1), days[0], days[0] + timedelta(1)]
        lines = [line._replace(values=[None, *line.values, None]) for line in lines]
    names = [f"{day.day} {day:%b}" for day in days]
    known = [v for line in lines for v in line.values if v is not None]
    lowest, highest = min(known, default=0), max(known, default=0)
    chart = _days_chart(names, min(0, lowest * 1.04), max(top, limit or 0, highest * 1.04) or 1)
    for line in lines:
        said = [f"{line.name}, {name}: {figure(v)} {unit}" for name, v in zip(names, line.values, strict=True)]
        chart.add(_plain(line.name), [_value(v, text) for v, text in zip(line.values, said, strict=True)])
    if limit:
        chart.add("limit", [limit] * len(names), show_dots=False)
    return _render(chart, label, [*(line.tone for line in lines), "limit"])


def _days_chart(names: Sequence[str], bottom: float, top: float) -> Any:
    import pygal

    # Ten digits: thousands and millions are written out, and 0.1 + 0.2 is 0.3.
    said = {"value_formatter": lambda value: f"{value:,.10g}"}
    scale = {"range": (bottom, top), "min_scale": 3, "max_scale": 5, **said}
    labels = {"x_labels": names, "x_labels_major": _some(names), "show_minor_x_labels": False, "truncate_label": -1}
    shape = {"width": 420, "height": 230, "margin": 4, "margin_right": 10, "spacing": 6}
    return pygal.Line(
        **_BARE,
        **scale,
        **labels,
        **shape,
        style=_style(),
        allow_interruptions=True,
        dots_size=4 if len(names) <= 7 else 1.9,
    )


def map_chart(label: str, points: Sequence[Point], names: Mapping[str, tuple[float, float]] | None = None) -> str:
    """Places on the outlines of countries, later tones over earlier ones; `names` are written at their coordinates.

    Outlines: Natural Earth 1:110m, public domain (https://www.naturalearthdata.com), rounded to 0.1 degrees.
    """
    frame = _frame(points)
    few = len(points) <= 60
    chart = _world_chart(frame, dots_size=5 if few else 2.5)
    outlines = [outline for outline in _outlines() if frame.touches(outline)]
    tones = list(dict.fromkeys(point.tone for point in points))
    for outline in outlines:
        chart.add("", outline, show_dots=False)
    for tone in tones:
        at = [{"value": (p.longitude, p.latitude), "formatter": _says(p.text)} for p in points if p.tone == tone]
        chart.add(tone, at, stroke=False)
    written = [{"value": at, "label": _plain(name)} for name, at in (names or {}).items()]
    chart.add("names", written, stroke=False, dots_size=0)
    places = [f"place {'large ' if few else ''}{tone}" for tone in tones]
    return _render(chart, label, [*["outline"] * len(outlines), *places, "name"])


def _world_chart(frame: _Frame, dots_size: float) -> Any:
    import pygal

    scale = {"xrange": (frame.west, frame.east), "range": (frame.south, frame.north)}
    shape = {"width": 640, "height": frame.height, "margin": 0, "spacing": 0, "dots_size": dots_size}
    return pygal.XY(
        **_BARE, **scale, **shape, style=_style(), print_labels=True,
        show_x_labels=False, show_y_labels=False, show_x_guides=False, show_y_guides=False,
    )  # fmt: skip


def _value(value: float | None, text: str) -> dict[str, Any] | None:
    return None if value is None else {"value": value, "formatter": _says(text)}


def _says(text: str) -> Callable[[object], str]:
    words = _plain(text)
    return lambda _value: words


def _plain(text: str) -> str:
    """Text without control characters, which XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _some(names: Sequence[str]) -> list[str]:
    step = max(1, -(-len(names) // 5))
    return list(names[::step])


def _frame(points: Sequence[Point]) -> _Frame:
    """A box around all points with room about them, in a shape between 2.6:1 and 1.3:1."""
    west, east = min(p.longitude for p in points), max(p.longitude for p in points)
    south, north = min(p.latitude for p in points), max(p.latitude for p in points)
    x, y = (west + east) / 2, (south + north) / 2
    shrink = max(cos(radians(y)), 0.2)
    width = max((east - west) * 1.25, 10.0)
    height = max((north - south) * 1.4, 4.0, width * shrink / 2.6)
    width = max(width, height * 1.3 / shrink)
    drawn = round(640 * height / (width * shrink))
    return _Frame(x - width / 2, x + width / 2, y - height / 2, y + height / 2, drawn)


@lru_cache
def _outlines() -> list[list[tuple[float, float]]]:
    lines = _OUTLINES.read_text(encoding="ascii").splitlines()
    return [[_pair(text) for text in line.split()] for line in lines]


def _pair(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)


def _style() -> Any:
    from pygal.style import Style

    # pygal measures labels by these; colours and fonts come from the page.
    sizes = {"label_font_size": 11, "major_label_font_size": 11, "value_font_size": 7, "value_label_font_size": 12}
    return Style(**sizes, colors=("#000000",))


def _render(chart: Any, label: str, tones: Sequence[str]) -> str:
    chart.add_xml_filter(lambda root: _clean(root, label, tones))
    svg: str = chart.render(is_unicode=True)
    return svg


def _clean(root: Element, label: str, tones: Sequence[str]) -> Element:
    """Leave shapes, classes and one plain `<title>` per mark: no script, no style, no date."""
    for parent in list(root.iter()):
        said = next((child.text for child in parent if child.tag == "desc" and child.get("class") == "value"), None)
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in ("defs", "desc", "title"):
                parent.remove(child)
        if said is not None:
            _title(parent, said)
    for node in root.iter():
        _lighten(node, tones)
    root.attrib.pop("id", None)
    root.attrib.update({"role": "img", "aria-label": _plain(label)})
    return root


def _title(node: Element, text: str) -> None:
    title = node.makeelement("title", {})
    title.text = text
    node.append(title)


def _lighten(node: Element, tones: Sequence[str]) -> None:
    for name in ("d", "cx", "cy", "x", "y"):
        if name in node.attrib:
            node.set(name, _DECIMALS.sub(r"\1", node.attrib[name]))
    series = re.match(r"series serie-(\d+)", node.get("class", ""))
    if series:
        node.set("class", f"series {tones[int(series[1])]}")
