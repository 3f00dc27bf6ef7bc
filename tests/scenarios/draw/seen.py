"""What a drawing holds, read back from its SVG, and measured by a program that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from PIL import ImageFont

SVG = "{http://www.w3.org/2000/svg}"
_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_SIZES = {"heading": 22.0, "kind": 12.0, "mono": 10.5, "small": 11.0, "label": 11.5}


@dataclass(frozen=True)
class Rectangle:
    """In pixels from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: Rectangle) -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def meets(self, other: Rectangle) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@lru_cache
def _font(bold: bool, mono: bool) -> Any:
    name = "DejaVuSansMono" if mono else "DejaVuSans-Bold" if bold else "DejaVuSans"
    return ImageFont.truetype(str(_FONTS / f"{name}.ttf"), 1000, layout_engine=ImageFont.Layout.BASIC)


def measured(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """Pixels that the text takes in DejaVu, the widest font that a reader's machine is likely to use."""
    return float(_font(bold, mono).getlength(text)) * size / 1000


def text_place(text: Xml.Element) -> Rectangle:
    """Where a text element's letters are."""
    classes = set(text.get("class", "").split())
    size = next((_SIZES[name] for name in _SIZES if name in classes), 12.5)
    bold = bool(classes & {"bold", "kind", "heading"})
    wide = measured(text.text or "", size, bold=bold, mono="mono" in classes)
    x, y = float(text.get("x", "0")), float(text.get("y", "0"))
    left = x - wide if "right" in classes else x - wide / 2 if classes & {"middle", "label"} else x
    return Rectangle(left, y - size * 0.75, left + wide, y + size * 0.2)


def rectangle(element: Xml.Element) -> Rectangle:
    left, top = float(element.get("x", "0")), float(element.get("y", "0"))
    return Rectangle(
        left, top, left + float(element.get("width", "0")), top + float(element.get("height", "0"))
    )


class Seen:
    """A drawing as it is seen. Raises ParseError where it is not well-formed."""

    def __init__(self, svg: str) -> None:
        self.root = Xml.fromstring(svg)
        self.cards = {
            group.get("data-step", ""): group
            for group in self.root.iter(f"{SVG}g")
            if "step" in group.get("class", "").split()
        }
        self.arrows = [
            group for group in self.root.iter(f"{SVG}g") if "arrow" in group.get("class", "").split()
        ]

    def texts(self) -> list[str]:
        return [text.text or "" for text in self.root.iter(f"{SVG}text")]

    def titles(self) -> list[str]:
        """What is said to who points at something."""
        return [title.text or "" for title in self.root.iter(f"{SVG}title")]

    def card_texts(self, step: str) -> list[str]:
        return [text.text or "" for text in self.cards[step].iter(f"{SVG}text")]

    def card(self, step: str) -> Rectangle:
        group = self.cards[step]
        return rectangle(next(each for each in group if each.get("class") == "card"))

    def crowded(self) -> Iterator[str]:
        """Everything that does not fit: texts beyond their box, boxes and labels over one another."""
        boxes = {step: self.card(step) for step in self.cards}
        for step, group in self.cards.items():
            own = [text_place(text) for text in group.findall(f"{SVG}text")]
            labels = [
                (rectangle(rect), text_place(text), text.text)
                for child in (*group.findall(f"{SVG}g"), *group.findall(f"{SVG}a"))
                for rect in child.findall(f"{SVG}rect")
                for text in child.findall(f"{SVG}text")
            ]
            for place, text in zip(own, group.findall(f"{SVG}text"), strict=True):
                if not boxes[step].holds(place):
                    yield f"{text.text!r} is wider than {step}"
                if any(place is not other and place.meets(other) for other in own):
                    yield f"{text.text!r} lies on another text of {step}"
                if any(place.meets(chip) for chip, _, _ in labels):
                    yield f"{text.text!r} lies below a label of {step}"
            for chip, place, words in labels:
                if not chip.holds(place):
                    yield f"{words!r} is wider than its label at {step}"
                if any(chip != other and chip.meets(other) for other, _, _ in labels):
                    yield f"{words!r} lies on another label at {step}"
                if any(chip.meets(box) for name, box in boxes.items() if name != step):
                    yield f"{words!r} of {step} lies on another card"
        steps = list(boxes.items())
        for index, (step, box) in enumerate(steps):
            for name, other in steps[index + 1 :]:
                if box.meets(other):
                    yield f"{step} lies on {name}"
        width, height = float(self.root.get("width", "0")), float(self.root.get("height", "0"))
        page = Rectangle(0, 0, width, height)
        for text in self.root.iter(f"{SVG}text"):
            if not page.holds(text_place(text)):
                yield f"{text.text!r} lies outside of the picture"
