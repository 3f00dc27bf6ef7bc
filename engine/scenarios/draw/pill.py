"""The box that a scenario begins at: the city numbers that lead in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.scenarios.draw.layout import Box
from engine.scenarios.draw.text import clean, shorten, width

ROW = 17.0
SIZE = 12.5
_WIDEST = 420.0


@dataclass(frozen=True)
class Pill:
    """Lines of text in a round box."""

    rows: tuple[str, ...]
    box: Box


def pill(rows: Sequence[str]) -> Pill:
    """A box as large as its text, which is cut where it is too long."""
    shown = tuple(shorten(clean(row), _WIDEST, SIZE, "bold") for row in rows)
    across = math.ceil(max(width(row, SIZE, "bold") for row in shown)) + 36
    return Pill(shown, Box(across, math.ceil(ROW * len(rows)) + 13))
