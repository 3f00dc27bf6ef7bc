"""What stands on a step's card, and how large that makes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from engine.scenarios.draw.chips import OVERLAP, Chip, row_height, row_lefts, row_width
from engine.scenarios.draw.layout import Box
from engine.scenarios.draw.sketch import Sketch
from engine.scenarios.draw.text import Weight, shorten, width, wrap
from engine.scenarios.words import Language, details, first_spoken, kind_words, subject
from engine.scenarios.words.kinds import Family, family
from engine.scenarios.words.language import pick

WIDTH = 264  # of a card whose labels need no more
PADDING = 12.0
BAND = 28.0
ROW = 17.0
TEXT_SIZE = 12.5
SMALL_SIZE = 11.0
KIND_SIZE = 12.0
MONO_SIZE = 10.5
ICON = 16.0

_COLLECTIVE = ("group", "queue", "schedule")  # fields that name something with members or hours

RowStyle = Literal["bold strong", "text", "small quiet", "small wrong"]
_SIZES: dict[RowStyle, tuple[float, Weight]] = {
    "bold strong": (TEXT_SIZE, "bold"),
    "text": (TEXT_SIZE, "regular"),
    "small quiet": (SMALL_SIZE, "regular"),
    "small wrong": (SMALL_SIZE, "regular"),
}


@dataclass(frozen=True)
class Row:
    """A line of text on a card, already cut to its width."""

    text: str
    style: RowStyle

    @property
    def width(self) -> float:
        size, weight = _SIZES[self.style]
        return width(self.text, size, weight)


@dataclass(frozen=True)
class Card:
    """A step as it is drawn: sizes in pixels, `about` everything in full, for who points at it."""

    kind: str
    family: Family
    head: str
    name: str
    rows: tuple[Row, ...]
    about: str
    wrong: bool
    width: int
    chips: tuple[Chip, ...] = ()

    @property
    def height(self) -> int:
        """Of the card itself, without the part of its labels that hangs below it."""
        body = len(self.rows) * ROW + 14 if self.rows else 4
        return math.ceil(BAND + body + (OVERLAP - 2 if self.chips else 0))

    @property
    def box(self) -> Box:
        """The place that it needs with its labels."""
        ports = zip(row_lefts(self.chips, self.width), (chip.width for chip in self.chips), strict=True)
        below = row_height(self.chips) - OVERLAP if self.chips else 0
        return Box(self.width, math.ceil(self.height + below), tuple(ports))


def card_of(sketch: Sketch, name: str, language: Language, chips: tuple[Chip, ...] = ()) -> Card:
    """The card of a step, with the labels of its arrows; of one that was not understood, what is wrong."""
    across = max(WIDTH, math.ceil(row_width(chips)) + 16)
    inside = across - 2 * PADDING
    step = sketch.steps.get(name)
    kind = sketch.kinds[name]
    wrong = sketch.wrong.get(name, ())
    head = kind_words(step if step is not None else kind, language) if kind else pick(language, "Шаг", "Step")
    rows: list[Row] = []
    full = [f"{name}: {head}"]
    if step is not None:
        about = subject(step, language, sketch.tenant)
        said = first_spoken(step, language, voice=sketch.voice, folder=sketch.folder)
        small = " · ".join(details(step, language, sketch.tenant))
        first, _, rest = about.partition(" (")
        # A group's name stands out from its members.
        if rest and about.endswith(")") and any(getattr(step, each, None) for each in _COLLECTIVE):
            rows += _rows(first, "bold strong", 1, inside) + _rows(rest[:-1], "text", 2, inside)
        else:
            rows += _rows(about, "bold strong", 3, inside)
        rows += _rows(said, "text", 3, inside)
        rows += _rows(small, "small quiet", 3, inside)
        full += [text for text in (about, said, small) if text]
    for finding in wrong[:2]:
        rows += _rows(finding.message, "small wrong", 3, inside)
    full += [str(finding) for finding in wrong]
    room = across - 2 * PADDING - ICON - 18
    head = shorten(head, room * 0.72, KIND_SIZE, "bold")
    label = shorten(name, room - width(head, KIND_SIZE, "bold"), MONO_SIZE, "mono")
    return Card(kind, family(kind), head, label, tuple(rows), "\n".join(full), bool(wrong), across, chips)


def _rows(text: str, style: RowStyle, lines: int, inside: float) -> list[Row]:
    size, weight = _SIZES[style]
    return [Row(line, style) for line in wrap(text, inside, size, weight, lines=lines)]
