"""Labels of arrows: they sit side by side on the lower edge of a card, where its arrows begin."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.scenarios.draw.text import Weight, width, wrap

SIZE = 11.5
LINE = 14.5
OVERLAP = 10.0  # how far a label reaches into its card
_WIDEST = 168.0
_GAP = 6.0
_KEYS = re.compile(r"[0-9✱#](, [0-9✱#])*")

ChipStyle = Literal["key", "chip", "chip-light", "chip-link", "chip-error"]


@dataclass(frozen=True)
class Chip:
    """One label; whole pixels. `key` looks like a key of a telephone."""

    lines: tuple[str, ...]
    width: int
    height: int
    style: ChipStyle


def chip_of(label: str, style: ChipStyle) -> Chip:
    """The label of an arrow, wrapped."""
    if style == "chip" and _KEYS.fullmatch(label):
        style = "key"
    weight: Weight = "bold" if style == "key" else "regular"
    lines = tuple(wrap(label, _WIDEST, SIZE, weight, lines=4))
    wide = max((width(line, SIZE, weight) for line in lines), default=0.0)
    return Chip(lines, max(22, math.ceil(wide) + 14), math.ceil(len(lines) * LINE) + 6, style)


def row_width(chips: Sequence[Chip]) -> float:
    """Pixels that labels side by side need."""
    return sum(chip.width for chip in chips) + _GAP * max(0, len(chips) - 1)


def row_lefts(chips: Sequence[Chip], across: float) -> list[int]:
    """Where each label begins on a card so wide: evenly spread where there is room."""
    free = across - sum(chip.width for chip in chips)
    gap = free / (len(chips) + 1) if chips else 0.0
    at, lefts = gap, []
    for chip in chips:
        lefts.append(round(at))
        at += chip.width + gap
    return lefts


def row_height(chips: Sequence[Chip]) -> int:
    """Of the tallest."""
    return max((chip.height for chip in chips), default=0)
