"""A sketch as a graph: the steps in reading order and the ways between them, merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.scenarios.draw.sketch import Sketch
from engine.scenarios.model import Exit, StepModel
from engine.scenarios.words import Language, exit_words
from engine.scenarios.words.language import pick

_KEY_ORDER = "1234567890*#"
_NOBODY = frozenset({"on_no_answer", "on_busy", "on_unavailable"})
_NO_CHOICE = frozenset({"on_timeout", "on_invalid"})
# Of more arrows to one step only the first are drawn, for the others a reference: no eye follows twenty.
_MOST_FORWARD, _KEPT_FORWARD = 6, 2
_MOST_BACK, _KEPT_BACK = 3, 2

WayKind = Literal["arrow", "reference", "road", "missing"]


@dataclass(frozen=True)
class Way:
    """How a step leads on for one or more exits: by an arrow, by a mere reference to another step, by a
    road that needs no step, or to a step that does not exist. `label` is "" where there is nothing to say.
    """

    source: str
    target: str | None
    kind: WayKind
    label: str
    exits: tuple[str, ...]
    words: tuple[str, ...]
    back: bool = False

    @property
    def error(self) -> bool:
        """Taken only when something is wrong."""
        return self.kind == "missing" or self.exits == ("on_error",)


@dataclass(frozen=True)
class Graph:
    """`reached` is in the order that a call meets the steps, `unreached` in the file's."""

    reached: tuple[str, ...]
    unreached: tuple[str, ...]
    ways: Mapping[str, tuple[Way, ...]]


def graph_of(sketch: Sketch, language: Language) -> Graph:
    """What is to be drawn of a sketch."""
    ways = {name: tuple(_ways(sketch, name, language)) for name in sketch.order}
    reached = _reading_order(sketch.start, ways) if sketch.start in ways else []
    unreached = [name for name in sketch.order if name not in set(reached)]
    back = _leading_back([*reached, *unreached], ways)
    marked = {
        name: [replace(way, back=(name, way.target) in back) for way in ways[name]]
        for name in (*reached, *unreached)
    }
    _refer(marked, set(reached))
    return Graph(tuple(reached), tuple(unreached), {name: tuple(found) for name, found in marked.items()})


def _ways(sketch: Sketch, name: str, language: Language) -> Iterator[Way]:
    """The ways on from a step; exits that lead to the same place are one."""
    step = sketch.steps.get(name)
    groups: dict[str | None, list[str]] = {}
    for one in _exits(step) if step else ():
        groups.setdefault(one.target, []).append(one.name)
    for target, exits in groups.items():
        assert step is not None
        kind: WayKind = "arrow"
        if target is None or target.startswith("@"):
            kind = "road"
        elif target not in sketch.kinds:
            kind = "missing"
        alone = len(step.exits()) == 1
        words = tuple(exit_words(step, each, language, sketch.tenant, alone=alone) for each in exits)
        label = ", ".join(word for word in _shorter(step, exits, words, language) if word)
        if "next" in exits and len(groups) == 1:
            label = ""  # all lead on, so there is nothing to tell apart
        yield Way(name, target, kind, label, tuple(exits), words)


def _exits(step: StepModel) -> Iterator[Exit]:
    """Exits with keys in the order of a telephone's, then the error road where one is written."""
    exits = step.exits()
    keys = [one for one in exits if one.name.startswith("key ")]
    yield from sorted(keys, key=lambda one: _KEY_ORDER.find(one.name.removeprefix("key ")))
    yield from (one for one in exits if one not in keys)
    if step.on_error and not any(one.name == "on_error" for one in exits):
        yield Exit("on_error", step.on_error, ("on_error",))


def _shorter(step: StepModel, exits: list[str], words: tuple[str, ...], language: Language) -> list[str]:
    """The words of exits that lead to one place, with one for those that mean much the same."""
    said = dict(zip(exits, words, strict=True))
    short: list[str] = []
    if said.keys() >= _NOBODY:
        said = {name: word for name, word in said.items() if name not in _NOBODY}
        short.append(pick(language, "никто не ответил", "nobody answers"))
    if step.kind == "menu" and said.keys() >= _NO_CHOICE:
        said = {name: word for name, word in said.items() if name not in _NO_CHOICE}
        short.append(pick(language, "нет выбора", "no choice"))
    if step.kind == "input" and said.keys() >= _NO_CHOICE:
        said = {name: word for name, word in said.items() if name not in _NO_CHOICE}
        short.append(pick(language, "не введено", "not entered"))
    return [*said.values(), *short]


def _reading_order(start: str, ways: Mapping[str, tuple[Way, ...]]) -> list[str]:
    """Steps that a call can reach, nearest first."""
    found, seen = [start], {start}
    for name in found:
        for way in ways[name]:
            if way.kind == "arrow" and way.target is not None and way.target not in seen:
                seen.add(way.target)
                found.append(way.target)
    return found


def _leading_back(order: list[str], ways: Mapping[str, tuple[Way, ...]]) -> set[tuple[str, str | None]]:
    """Ways to a step that the call has come through already: loops."""
    back: set[tuple[str, str | None]] = set()
    done: set[str] = set()
    for first in order:
        if first in done:
            continue
        above = {first}
        stack = [(first, iter(ways[first]))]
        done.add(first)
        while stack:
            name, rest = stack[-1]
            way = next(rest, None)
            if way is None:
                above.discard(name)
                stack.pop()
            elif way.kind == "arrow" and way.target is not None:
                if way.target in above:
                    back.add((name, way.target))
                elif way.target not in done:
                    done.add(way.target)
                    above.add(way.target)
                    stack.append((way.target, iter(ways[way.target])))
    return back


def _refer(ways: dict[str, list[Way]], reached: set[str]) -> None:
    """Make references of arrows that would only be a knot."""
    arrows = [way for found in ways.values() for way in found if way.kind == "arrow"]
    many = Counter((way.target, way.back) for way in arrows)
    drawn: Counter[tuple[str | None, bool]] = Counter()
    for name, found in ways.items():
        for index, way in enumerate(found):
            if way.kind != "arrow":
                continue
            key = (way.target, way.back)
            most, kept = (_MOST_BACK, _KEPT_BACK) if way.back else (_MOST_FORWARD, _KEPT_FORWARD)
            astray = name not in reached and way.target in reached
            if astray or (many[key] > most and drawn[key] >= kept):
                found[index] = replace(way, kind="reference")
            else:
                drawn[key] += 1
