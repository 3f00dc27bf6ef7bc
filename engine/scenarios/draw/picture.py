"""The drawing itself: SVG elements for what has got its place."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from engine.scenarios.draw.card import BAND, KIND_SIZE, PADDING, ROW, Card
from engine.scenarios.draw.chips import LINE, OVERLAP, Chip, row_lefts
from engine.scenarios.draw.icons import WARNING, icon
from engine.scenarios.draw.layout import Line, Point
from engine.scenarios.draw.pill import ROW as PILL_ROW
from engine.scenarios.draw.pill import SIZE as PILL_SIZE
from engine.scenarios.draw.pill import Pill
from engine.scenarios.draw.style import css
from engine.scenarios.draw.text import clean

Xml.register_namespace("", "http://www.w3.org/2000/svg")
_ROUND = {"chip-light": 10, "chip-link": 10}
_CHIP_TEXT = {
    "key": "bold strong",
    "chip": "text",
    "chip-light": "quiet",
    "chip-link": "text",
    "chip-error": "wrong",
}


def number(value: float) -> str:
    """A coordinate as short as it can be said."""
    return f"{round(value, 1):g}"


class Picture:
    """Collects elements; everything drawn goes through it, so that every text is made safe."""

    def __init__(self, size: Point, language: str, title: str, about: str) -> None:
        width, height = number(size[0]), number(size[1])
        self.root = Xml.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "width": width,
                "height": height,
                "viewBox": f"0 0 {width} {height}",
                "lang": language,
                "role": "group",
                "aria-labelledby": "title about",
            },
        )
        self.element(self.root, "title", title, id="title")
        self.element(self.root, "desc", about, id="about")
        self.element(self.root, "style", css(wide=size[0] > size[1]))
        self.element(self.root, "rect", class_="paper", width=width, height=height)

    def element(
        self, parent: Xml.Element, tag: str, content: str | None = None, /, **attributes: str | float
    ) -> Xml.Element:
        """An element with safe text and attributes; `class_` is `class`, `_` in a name is `-`."""
        named = {
            name.rstrip("_").replace("_", "-"): number(value)
            if isinstance(value, float | int)
            else clean(value)
            for name, value in attributes.items()
        }
        made = Xml.SubElement(parent, tag, named)
        if content is not None:
            # The style sheet is ours and keeps its lines.
            made.text = content if tag == "style" else clean_lines(content)
        return made

    def text(self, parent: Xml.Element, at: Point, content: str, style: str) -> None:
        self.element(parent, "text", content, class_=style, x=at[0], y=at[1])

    def svg(self) -> str:
        """The whole file. The same input gives the same text."""
        Xml.indent(self.root, " ")
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(self.root, encoding="unicode") + "\n"


def clean_lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.split("\n"))


def draw_card(
    picture: Picture,
    card: Card,
    middle: Point,
    id_: str,
    step: str,
    links: Sequence[tuple[str, str]],
    *,
    faint: bool,
) -> None:
    """A step's card around its middle. `links`: of each label the address it leads to, "" for none, and
    what is said of it to who points at it.
    """
    width, height = card.width, card.height
    left, top = middle[0] - card.box.width / 2, middle[1] - card.box.height / 2
    classes = " ".join(["step", card.family, *(["bad"] if card.wrong else []), *(["faint"] if faint else [])])
    group = picture.element(picture.root, "g", id=id_, class_=classes, data_step=step, data_kind=card.kind)
    picture.element(group, "title", card.about)
    picture.element(group, "rect", class_="card", x=left, y=top, width=width, height=height, rx=8)
    band = _band(left, top, width, height, 8)
    picture.element(group, "path", class_="band", d=band)
    picture.element(
        group,
        "rect",
        class_="border" + (" dashed" if faint else ""),
        x=left,
        y=top,
        width=width,
        height=height,
        rx=8,
    )
    drawn = f"translate({number(left + PADDING - 2)} {number(top + (BAND - 16) / 2)})"
    sign = WARNING if card.wrong else icon(card.kind)
    picture.element(group, "path", class_="icon" + (" sign" if card.wrong else ""), d=sign, transform=drawn)
    baseline = top + BAND / 2 + KIND_SIZE * 0.36
    picture.text(group, (left + PADDING + 20, baseline), card.head, "kind")
    picture.text(group, (left + width - PADDING, baseline), card.name, "mono quiet right")
    for index, row in enumerate(card.rows):
        line = top + BAND + 7 + ROW * index + ROW * 0.74
        picture.text(group, (left + PADDING, line), row.text, row.style)
    lefts = row_lefts(card.chips, width)
    for chip, begin, (address, about) in zip(card.chips, lefts, links, strict=True):
        parent = picture.element(group, "a", href=address) if address else picture.element(group, "g")
        picture.element(parent, "title", about)
        _chip(picture, parent, chip, (left + begin, top + height - OVERLAP))


def _chip(picture: Picture, group: Xml.Element, chip: Chip, corner: Point) -> None:
    left, top = corner
    picture.element(
        group,
        "rect",
        class_=chip.style,
        x=left,
        y=top,
        width=chip.width,
        height=chip.height,
        rx=_ROUND.get(chip.style, 5),
    )
    style = _CHIP_TEXT[chip.style]
    for index, line in enumerate(chip.lines):
        at = (left + chip.width / 2, top + 3 + (index + 0.76) * LINE)
        picture.text(group, at, line, f"label {style}")


def _band(left: float, top: float, width: float, height: float, radius: float) -> str:
    """The card's upper part, round above, and below too where the card is nothing else."""
    r, below = number(radius), number(radius if height <= BAND else 0)
    inner, sides = number(width - 2 * radius), number(BAND - radius - float(below))
    foot = number(width - 2 * float(below))
    return (
        f"M{number(left + radius)} {number(top)}h{inner}a{r} {r} 0 0 1 {r} {r}v{sides}"
        f"a{below} {below} 0 0 1 -{below} {below}h-{foot}a{below} {below} 0 0 1 -{below} -{below}v-{sides}"
        f"a{r} {r} 0 0 1 {r} -{r}Z"
    )


def draw_pill(picture: Picture, pill: Pill, middle: Point) -> None:
    """A small box around its middle."""
    across, height = pill.box.width, pill.box.height
    left, top = middle[0] - across / 2, middle[1] - height / 2
    group = picture.element(picture.root, "g", class_="pill")
    picture.element(
        group, "rect", class_="entry", x=left, y=top, width=across, height=height, rx=min(height / 2, 14)
    )
    first = middle[1] - (len(pill.rows) - 1) * PILL_ROW / 2 + PILL_SIZE * 0.36
    for index, text in enumerate(pill.rows):
        picture.text(group, (middle[0], first + index * PILL_ROW), text, "middle bold on-entry")


def draw_line(
    picture: Picture, line: Line, style: str, about: str, *, above: float = 0.0, faint: bool = False
) -> None:
    """An arrow to its tip. It begins `above` pixels over its first point, where its label ends."""
    start, *rest = line.points
    way = f"M{number(start[0])} {number(start[1] - above)}"
    if above:
        way += f"V{number(start[1])}"
    for index in range(0, len(rest), 3):
        way += "C" + " ".join(f"{number(x)} {number(y)}" for x, y in rest[index : index + 3])
    group = picture.element(picture.root, "g", class_="arrow faint" if faint else "arrow")
    picture.element(group, "title", about)
    picture.element(
        group, "path", class_=f"line line{style}" + (" dashed" if style == "-error" else ""), d=way
    )
    picture.element(group, "path", class_=f"tip{style}", d=_tip(line.points[-1], line.tip))


def _tip(before: Point, end: Point) -> str:
    across, along = end[0] - before[0], end[1] - before[1]
    aside = (along * 0.4, -across * 0.4)
    foot = [(before[0] + sign * aside[0], before[1] + sign * aside[1]) for sign in (1, -1)]
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in (end, *foot)) + "Z"
