"""What a report consists of, before it is HTML or Markdown. Every number keeps its exact value and the name that it has in the data."""
import math
from dataclasses import dataclass, field
from typing import Any, Optional

PLUS_MINUS = " \u00b1 "


@dataclass
class Number:
    """A number as it is read (`text`), its exact value, and the key under which a test finds it."""
    text: str
    value: Any
    key: str


@dataclass
class Code:
    text: str


@dataclass
class Small:
    """What stands below, in small letters."""
    text: str


@dataclass
class Text:
    """A paragraph: strings, Numbers and Codes. `kind`: "" (a paragraph), "note", "failed", "item" (of a list)."""
    parts: list
    kind: str = ""


@dataclass
class Column:
    title: str
    unit: str = ""
    numeric: bool = True


@dataclass
class Row:
    """Cells are strings, Numbers or lists of both; `kind` "failed" has one cell for all columns but the first."""
    cells: list
    kind: str = ""


@dataclass
class Table:
    columns: list
    rows: list
    caption: str = ""


@dataclass
class Figure:
    """A chart: its HTML, what it shows, and what a reader who does not see it is told."""
    html: str
    caption: str
    description: str


@dataclass
class Details:
    summary: str
    blocks: list


@dataclass
class Preformatted:
    text: str


@dataclass
class Section:
    title: str
    anchor: str
    blocks: list = field(default_factory=list)


@dataclass
class Chapter:
    """A results folder."""
    title: str
    subtitle: str
    anchor: str
    facts: list = field(default_factory=list)  # (name, parts)
    sections: list = field(default_factory=list)


@dataclass
class Document:
    title: str
    chapters: list
    made_of: list = field(default_factory=list)
    front: Optional[Section] = None  # scaling, where there are several chapters


# How numbers are written: four figures that count, thousands apart.

def figures(value, digits=4):
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if exponent < -3:
        return f"{value:.{digits - 2}e}".replace("e-0", "e-")
    return f"{rounded:,.{max(digits - 1 - exponent, 0)}f}".replace(",", " ")


def whole(value):
    return f"{value:,.0f}".replace(",", " ")


def size_text(value):
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= factor:
            return f"{figures(value / factor, 3)} {unit}"
    return f"{value:.0f} B"


def ms(value, key):
    return Number(figures(value), value, key)


def rate(value, key):
    return Number(figures(value), value, key)


def count(value, key):
    return Number(whole(value), value, key)


def size(value, key):
    return Number(size_text(value), value, key)


def percent(value, key, signed=False, digits=1):
    return Number(f"{100 * value:{'+' if signed else ''}.{digits}f} %", value, key)


def times(value, key):
    return Number(f"{value:.2f}" if value >= 0.995 else f"{value:.2g}", value, key)


def mean_and_std(s, key):
    """Of a summary, as "mean +- std": the std with as many figures as say something."""
    return [ms(s["mean"], f"{key}.mean"), PLUS_MINUS, Number(figures(s["std"], 2), s["std"], f"{key}.std")]


def parameters_text(value):
    return f"{value / 1e9:.3g} billion" if value >= 1e9 else f"{value / 1e6:.3g} million"

