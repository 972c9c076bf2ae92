"""Which units OpenAQ's values may have, and which values can be real: one table, read by every rule.

The upper bounds lie well above the worst episodes on record, so that an episode is never taken for a fault:

    pm25  1,799 µg/m³ in an hour, Wagga Wagga North, 5 Jan 2020, bushfires (NSW air quality statement 2019-20)
    pm10  15,366 µg/m³ in an hour, Bringelly near Sydney, 23 Sep 2009, dust (Leys et al., Aeolian Research 3, 2011)
    o3    460 ppb, Mexico City, 16 Mar 1992 (New Scientist, 28 Mar 1992)
    no2   423 ppb in an hour, London, Dec 1991 (UK Department of Health, episode report)
    so2   5,400 µg/m³, Höfn, 21 Oct 2014, Holuhraun eruption (Environment Agency of Iceland)
    co    115 mg/m³ (100 ppm) over hours in road tunnels and car parks (WHO Air Quality Guidelines for Europe, 2000)

A concentration below zero is noise around zero or a code for "missing" (-999), never a reading.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

MICROGRAMS = "µg/m³"  # with U+00B5, as OpenAQ writes it

UNITS = {
    MICROGRAMS: ("ug/m3", "ug/m^3", "ugm-3", "ug m-3", "mcg/m3"),
    "mg/m³": ("mg/m3", "mg/m^3", "mgm-3", "mg m-3"),
    "ng/m³": ("ng/m3", "ng/m^3"),
    "ppm": ("ppm", "ppmv"),
    "ppb": ("ppb", "ppbv"),
    "particles/cm³": ("particles/cm3", "particles/cm^3", "#/cm3"),
    "%": ("%", "percent"),
    "c": ("c", "°c", "celsius"),
    "f": ("f", "°f", "fahrenheit"),
    "K": ("k", "kelvin"),
    "hpa": ("hpa",),
    "mb": ("mb", "mbar"),
    "m/s": ("m/s", "ms-1", "m s-1"),
    "deg": ("deg", "degrees", "°"),
    "W/m²": ("w/m2", "w/m^2"),
    "mm": ("mm",),
}


class Bounds(NamedTuple):
    """The lowest and the highest value that can be real, both allowed."""

    low: float
    high: float


BOUNDS: dict[tuple[str, str], Bounds] = {
    ("pm1", MICROGRAMS): Bounds(0, 10_000),
    ("pm25", MICROGRAMS): Bounds(0, 10_000),
    ("pm25", "mg/m³"): Bounds(0, 10),
    ("pm10", MICROGRAMS): Bounds(0, 50_000),
    ("pm10", "mg/m³"): Bounds(0, 50),
    ("o3", MICROGRAMS): Bounds(0, 2_000),
    ("o3", "mg/m³"): Bounds(0, 2),
    ("o3", "ppb"): Bounds(0, 1_000),
    ("o3", "ppm"): Bounds(0, 1),
    ("no2", MICROGRAMS): Bounds(0, 4_000),
    ("no2", "mg/m³"): Bounds(0, 4),
    ("no2", "ppb"): Bounds(0, 2_000),
    ("no2", "ppm"): Bounds(0, 2),
    ("so2", MICROGRAMS): Bounds(0, 50_000),
    ("so2", "mg/m³"): Bounds(0, 50),
    ("so2", "ppb"): Bounds(0, 20_000),
    ("so2", "ppm"): Bounds(0, 20),
    ("co", MICROGRAMS): Bounds(0, 250_000),
    ("co", "mg/m³"): Bounds(0, 250),
    ("co", "ppb"): Bounds(0, 200_000),
    ("co", "ppm"): Bounds(0, 200),
}

# For parameters that the table above does not name (OpenAQ has some forty): what the unit itself allows.
BOUNDS_OF_UNIT: dict[str, Bounds] = {
    MICROGRAMS: Bounds(0, 250_000),
    "mg/m³": Bounds(0, 10_000),
    "ng/m³": Bounds(0, 1_000_000),
    "ppm": Bounds(0, 50_000),
    "ppb": Bounds(0, 1_000_000),
    "particles/cm³": Bounds(0, 10_000_000),
    "%": Bounds(0, 100),
    "c": Bounds(-95, 70),
    "f": Bounds(-139, 158),
    "K": Bounds(178, 343),
    "hpa": Bounds(300, 1_100),
    "mb": Bounds(300, 1_100),
    "m/s": Bounds(0, 120),
    "deg": Bounds(0, 360),
    "W/m²": Bounds(-500, 2_000),
    "mm": Bounds(0, 2_000),
}

# Values that stand for a fault though they lie within the bounds: beta attenuation monitors with the usual range of
# 1 mg/m³ and offset of -0.015 mg/m³ report their full scale when they fail (Met One BAM-1020 manual).
FAULT_CODES: dict[tuple[str, str], tuple[float, ...]] = {
    ("pm25", MICROGRAMS): (985.0,),
    ("pm10", MICROGRAMS): (985.0,),
}


def canonical_unit(text: str | None) -> str | None:
    """The one spelling of a unit, None for a unit that is missing or not in the table."""
    return _SPELLINGS.get(_plain(text)) if text else None


def canonical_parameter(text: str | None) -> str | None:
    """The one spelling of a parameter's name, None when it is missing."""
    return (text or "").strip().lower() or None


def bounds(parameter: str, unit: str) -> Bounds | None:
    """What values a parameter can have in a canonical unit, None when it is never measured in that unit."""
    if parameter in _LISTED:
        return BOUNDS.get((parameter, unit))
    return BOUNDS_OF_UNIT[unit]


def _plain(text: str) -> str:
    # NFKC makes one of the two micro signs, and of superscript digits plain ones.
    return unicodedata.normalize("NFKC", text).strip().lower().replace("\N{GREEK SMALL LETTER MU}", "u")


_LISTED = frozenset(parameter for parameter, _unit in BOUNDS)
_SPELLINGS = {_plain(spelling): unit for unit, spellings in UNITS.items() for spelling in (unit, *spellings)}
