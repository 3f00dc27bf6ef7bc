"""A sketch → SVG text: cards are measured, laid out and drawn."""

from __future__ import annotations

from collections.abc import Sequence

from engine.scenarios.draw.card import TEXT_SIZE, Card, card_of
from engine.scenarios.draw.chips import Chip, chip_of, row_height
from engine.scenarios.draw.graph import Way, graph_of
from engine.scenarios.draw.layout import Layout, Line, Link, Point, lay_out
from engine.scenarios.draw.picture import Picture, draw_card, draw_line, draw_pill
from engine.scenarios.draw.pill import Pill, pill
from engine.scenarios.draw.sketch import Sketch
from engine.scenarios.draw.text import shorten, width
from engine.scenarios.words import Language, reading_language, road_words
from engine.scenarios.words.language import count, pick, telephone

_MARGIN = 28.0
_HEADER = 66.0
_APART = 64.0
_TITLE_SIZE = 22.0
_MOST_NUMBERS = 8


def draw(sketch: Sketch, language: Language | None = None) -> str:
    """The SVG of a sketch. Raises `LayoutError` where Graphviz cannot lay it out.

    `language` is the reader's; left out, the one that callers hear where there are words in it.
    """
    return _Drawing(sketch, language or reading_language(sketch.voice)).svg()


class _Drawing:
    def __init__(self, sketch: Sketch, language: Language) -> None:
        self._sketch = sketch
        self._language: Language = language
        self._graph = graph_of(sketch, language)
        self._chips = {
            name: [(way, chip) for way in ways if (chip := self._chip(way)) is not None]
            for name, ways in self._graph.ways.items()
        }
        self._cards: dict[str, Card] = {
            name: card_of(sketch, name, language, tuple(chip for _, chip in chips))
            for name, chips in self._chips.items()
        }
        self._ids = {name: f"step-{number}" for number, name in enumerate(self._cards, 1)}

    def svg(self) -> str:
        entry = self._entry()
        main = self._lay_out(self._graph.reached, entry)
        rest = self._lay_out(self._graph.unreached) if self._graph.unreached else Layout(0, 0, (), ())
        title = self._sketch.title or self._sketch.name
        inner = max(main.width, rest.width, min(width(title, _TITLE_SIZE, "bold"), 900.0), 300.0)
        below = _HEADER + _MARGIN + main.height + _APART
        height = below + rest.height if self._graph.unreached else below - _APART
        size = (inner + 2 * _MARGIN, height + _MARGIN)
        picture = Picture(size, self._language, title, self._about())
        self._head(picture, title, inner)
        self._part(picture, main, self._graph.reached, (_middle(inner, main), _HEADER + _MARGIN), entry)
        if self._graph.unreached:
            words = pick(self._language, "Сюда не ведёт ни один шаг", "No step leads here")
            picture.text(picture.root, (_MARGIN, below - 22), words, "bold quiet")
            self._part(picture, rest, self._graph.unreached, (_middle(inner, rest), below))
        return picture.svg()

    def _lay_out(self, names: Sequence[str], entry: Pill | None = None) -> Layout:
        """Boxes are the entry, where there is one, and the steps; links are in the order of `_arrows`."""
        first = 1 if entry else 0
        index = {name: at for at, name in enumerate(names, first)}
        boxes = [*([entry.box] if entry else []), *(self._cards[name].box for name in names)]
        links = [Link(0, None, first)] if entry and names else []
        for way in self._arrows(names):
            links.append(Link(index[way.source], self._port(way), index[str(way.target)], way.back))
        return lay_out(boxes, links)

    def _arrows(self, names: Sequence[str]) -> list[Way]:
        return [way for name in names for way in self._graph.ways[name] if way.kind == "arrow"]

    def _port(self, way: Way) -> int | None:
        """Which label of its card an arrow begins at."""
        return next((at for at, (one, _) in enumerate(self._chips[way.source]) if one is way), None)

    def _part(
        self, picture: Picture, layout: Layout, names: Sequence[str], corner: Point, entry: Pill | None = None
    ) -> None:
        def moved(point: Point) -> Point:
            return point[0] + corner[0], point[1] + corner[1]

        lines = [Line(tuple(map(moved, line.points)), moved(line.tip)) for line in layout.lines]
        places = [moved(place) for place in layout.places]
        if entry:
            if names:
                draw_line(picture, lines.pop(0), "", pick(self._language, "начало", "start"))
            draw_pill(picture, entry, places.pop(0))
        for way, line in zip(self._arrows(names), lines, strict=True):
            port = self._port(way)
            chips = [chip for _, chip in self._chips[way.source]]
            above = 0 if port is None else row_height(chips) - chips[port].height
            style = "-error" if way.error else "-back" if way.back else ""
            faint = way.source in self._graph.unreached
            draw_line(picture, line, style, self._told(way), above=above, faint=faint)
        for name, place in zip(names, places, strict=True):
            links = [(self._address(way), self._told(way)) for way, _ in self._chips[name]]
            faint = name in self._graph.unreached
            draw_card(picture, self._cards[name], place, self._ids[name], name, links, faint=faint)

    def _address(self, way: Way) -> str:
        """Where a click on a label leads."""
        return f"#{self._ids[way.target]}" if way.kind == "reference" and way.target else ""

    def _chip(self, way: Way) -> Chip | None:
        if way.kind == "arrow":
            return chip_of(way.label, "chip-error" if way.error else "chip") if way.label else None
        if way.kind == "road":
            return chip_of(self._leading(way), "chip-light")
        return chip_of(self._leading(way), "chip-error" if way.error else "chip-link")

    def _leading(self, way: Way) -> str:
        """`занято → bye`: where a way without an arrow goes."""
        target = way.target or ""
        if way.kind == "road":
            target = road_words(way.target, self._language, self._sketch.tenant)
        elif way.kind == "missing":
            target = pick(self._language, f"нет шага {target}", f"no step {target}")
        return f"{way.label} → {target}" if way.label else f"→ {target}"

    def _told(self, way: Way) -> str:
        """Everything about a way, for who points at it: `menu → sales: 1 (key 1)`."""
        target = way.target
        if way.kind == "road":
            target = road_words(way.target, self._language, self._sketch.tenant)
        pairs = zip(way.words, way.exits, strict=True)
        said = ", ".join(f"{word} ({name})" if word else name for word, name in pairs)
        return f"{way.source} → {target}: {said}"

    def _head(self, picture: Picture, title: str, room: float) -> None:
        tenant = self._sketch.tenant
        at = _MARGIN + _TITLE_SIZE
        picture.text(picture.root, (_MARGIN, at), shorten(title, room, _TITLE_SIZE, "bold"), "heading strong")
        parts = [tenant.title if tenant else "", self._sketch.name, self._steps()]
        wrong = len(self._sketch.elsewhere) + sum(map(len, self._sketch.wrong.values()))
        below = shorten(" · ".join(part for part in parts if part), room - 120, TEXT_SIZE)
        picture.text(picture.root, (_MARGIN, at + 22), below, "quiet")
        if wrong:
            words = count(wrong, self._language, ("ошибка", "ошибки", "ошибок"), ("error", "errors"))
            picture.text(picture.root, (_MARGIN + width(below, TEXT_SIZE) + 12, at + 22), words, "bold wrong")

    def _steps(self) -> str:
        return count(len(self._cards), self._language, ("шаг", "шага", "шагов"), ("step", "steps"))

    def _about(self) -> str:
        what = pick(self._language, "Схема сценария звонка", "Drawing of a call scenario")
        numbers = ", ".join(number for number, _ in self._numbers())
        return f"{what}: {self._steps()}. {numbers}".strip()

    def _numbers(self) -> list[tuple[str, str]]:
        tenant = self._sketch.tenant
        if tenant is None:
            return []
        return [
            (telephone(entry.number, tenant.country), entry.title)
            for entry in tenant.numbers.values()
            if entry.scenario == self._sketch.name
        ]

    def _entry(self) -> Pill:
        """The city numbers that lead in."""
        numbers = self._numbers()
        rows = [f"{number} · {title}" if title else number for number, title in numbers[:_MOST_NUMBERS]]
        if more := len(numbers) - len(rows):
            rows.append(pick(self._language, f"и ещё {more}", f"and {more} more"))
        start = self._sketch.start
        if not rows:
            rows.append(pick(self._language, "Начало", "Start"))
        if start not in self._cards:
            rows.append(pick(self._language, f"нет шага {start}", f"no step {start}"))
        return pill(rows)


def _middle(inner: float, layout: Layout) -> float:
    return _MARGIN + (inner - layout.width) / 2
