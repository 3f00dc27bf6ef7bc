"""Where everything lies: Graphviz's `dot` places boxes and leads arrows around them.

Nothing of a tenant's goes into its input: nodes are numbered, texts are boxes of a size that we measured. So
the result depends on no font, and no name can be taken for a command.
"""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PROGRAM = "dot"
TIME_LIMIT_S = 120.0
_MANY = 60  # nodes from which on dot is told to look for a good order less long

_ROWS = (1, 2, 3, 4, 6, 8)
_FLAT = 2.6  # as wide to as high a drawing may be before rows are tried
_FAN = 3  # arrows from one box from which on rows are made

Point = tuple[float, float]


class LayoutError(Exception):
    """The layout cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Box:
    """A box in whole pixels. Arrows may begin at `ports` of its lower edge: (left, width) of each."""

    width: int
    height: int
    ports: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Link:
    """An arrow to lead: from a box (and its port, None: its lower edge) to a box; `back` closes a loop."""

    source: int
    port: int | None
    target: int
    back: bool = False


@dataclass(frozen=True)
class Line:
    """An arrow's way: cubic Bézier points (1 + 3n) and its tip."""

    points: tuple[Point, ...]
    tip: Point


@dataclass(frozen=True)
class Layout:
    """Pixels from the top left. `places` are the middles of the boxes, in the order they were given."""

    width: float
    height: float
    places: tuple[Point, ...]
    lines: tuple[Line, ...]


def lay_out(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Place boxes and lead arrows, with a line for each link. Deterministic. Raises `LayoutError`.

    What one box leads to lies side by side, or, where that would be far wider than a page, in several rows.
    """
    best: Layout | None = None
    for rows in _ROWS:
        made = _laid_out(boxes, links, rows)
        if best is None or _flat(made) < _flat(best):
            best = made
        if _flat(best) <= _FLAT:
            break
    assert best is not None
    return best


def _flat(layout: Layout) -> float:
    return layout.width / max(layout.height, 1.0)


def _laid_out(boxes: Sequence[Box], links: Sequence[Link], rows: int) -> Layout:
    path = shutil.which(PROGRAM)
    if path is None:
        raise LayoutError(
            f"Graphviz lays drawings out, and its program `{PROGRAM}` is not here: apt-get install graphviz"
        )
    try:
        made = subprocess.run(
            [path, "-Tjson0"],
            input=_source(boxes, links, rows).encode(),
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LayoutError(f"Graphviz has not laid the drawing out within {TIME_LIMIT_S:g} s") from None
    if made.returncode:
        raise LayoutError(f"Graphviz failed: {made.stderr.decode(errors='replace').strip()}")
    return _read(json.loads(made.stdout), len(boxes), len(links))


def _source(boxes: Sequence[Box], links: Sequence[Link], rows: int) -> str:
    effort = "nslimit=2 nslimit1=2 mclimit=0.5" if len(boxes) > _MANY else "mclimit=4"
    lines = [
        "digraph {",
        f"graph [rankdir=TB nodesep=0.3 ranksep=0.8 splines=spline {effort}]",
        "node [shape=plain margin=0]",
        "edge [arrowsize=0.8]",
    ]
    lines += [f"n{index} [label=<{_table(box)}>]" for index, box in enumerate(boxes)]
    fan = Counter(link.source for link in links if not link.back)
    met: Counter[int] = Counter()
    for index, link in enumerate(links):
        begin = f"n{link.source}" if link.port is None else f"n{link.source}:p{link.port}:s"
        end = f"n{link.target}:e" if link.back else f"n{link.target}:n"
        lower = met[link.source] % rows if fan[link.source] >= _FAN and not link.back else 0
        met[link.source] += not link.back
        lines.append(f"{begin} -> {end} [id={index} minlen={1 + lower}]")
    return "\n".join([*lines, "}"])


def _table(box: Box) -> str:
    """A box with its ports as an HTML-like label, of which dot takes the sizes exactly."""
    head = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
    if not box.ports:
        return f"{head}<TR>{_cell(box.width, box.height)}</TR></TABLE>"
    cells, at = [], 0
    for number, (left, width) in enumerate(box.ports):
        if left > at:
            cells.append(_cell(left - at, 1))
        cells.append(_cell(width, 1, f' PORT="p{number}"'))
        at = left + width
    if box.width > at:
        cells.append(_cell(box.width - at, 1))
    above = _cell(box.width, box.height - 1, f' COLSPAN="{len(cells)}"')
    return f"{head}<TR>{above}</TR><TR>{''.join(cells)}</TR></TABLE>"


def _cell(width: int, height: int, more: str = "") -> str:
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"{more}></TD>'


def _read(made: dict[str, Any], boxes: int, arrows: int) -> Layout:
    _, _, width, height = (float(part) for part in made["bb"].split(","))

    def point(text: str) -> Point:
        x, y = text.split(",")
        return round(float(x), 1), round(height - float(y), 1)

    places = {each["name"]: point(each["pos"]) for each in made.get("objects", ())}
    lines: dict[int, Line] = {}
    for edge in made.get("edges", ()):
        end, *points = edge["pos"].split(" ")
        lines[int(edge["id"])] = Line(tuple(point(each) for each in points), point(end.removeprefix("e,")))
    return Layout(
        round(width, 1),
        round(height, 1),
        tuple(places[f"n{index}"] for index in range(boxes)),
        tuple(lines[index] for index in range(arrows)),
    )
