"""Circles and steps nobody reaches, against slow and obvious references (F43)."""

from itertools import pairwise, product
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.scenarios.check import check_scenario
from engine.scenarios.check.inspection import Inspection
from engine.scenarios.check.loops import circles
from engine.scenarios.loader import load_scenario

NAMES = [f"s{number}" for number in range(7)]
graphs = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES})
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def reachable(graph: dict[str, list[str]]) -> set[tuple[str, str]]:
    """All pairs of which the first leads to the second, by one road or more (Warshall)."""
    pairs = {(name, target) for name, targets in graph.items() for target in targets}
    for middle, first, last in product(graph, graph, graph):
        if (first, middle) in pairs and (middle, last) in pairs:
            pairs.add((first, last))
    return pairs


@given(graphs)
def test_circles_are_the_steps_that_lead_to_one_another(graph: dict[str, list[str]]) -> None:
    pairs = reachable(graph)
    wanted = {
        frozenset(other for other in graph if (name, other) in pairs and (other, name) in pairs)
        for name in graph
        if (name, name) in pairs
    }
    found = [frozenset(circle) for circle in circles(graph)]
    assert set(found) == wanted
    assert len(found) == len(wanted)


@st.composite
def roads(draw: st.DrawFn) -> dict[str, tuple[str, str]]:
    """By step, its type and the step that it leads to."""
    kinds = st.sampled_from(["goto", "set", "play", "menu"])
    return {name: (draw(kinds), draw(st.sampled_from(NAMES))) for name in NAMES}


TEMPLATES = {
    "goto": "{{type: goto, step: {to}}}",
    "set": "{{type: set, variables: {{a: 1}}, next: {to}}}",
    "play": "{{type: play, prompt: welcome, next: {to}}}",
    "menu": "{{type: menu, prompt: welcome, keys: {{1: {to}}}}}",  # its other exits lead to the desk
}


@same_folder
@given(roads())
def test_what_is_told_of_roads_that_lead_one_way_each(
    tmp_path: Path, roads: dict[str, tuple[str, str]]
) -> None:
    path = tmp_path / "main.yaml"
    steps = "".join(f"  {name}: {TEMPLATES[kind].format(to=to)}\n" for name, (kind, to) in roads.items())
    path.write_text(f"scenario: main\nstart: s0\nsteps:\n{steps}")
    way = ["s0"]
    while (after := roads[way[-1]][1]) not in way:
        way.append(after)
    circle = way[way.index(after) :]
    kinds = {roads[name][0] for name in circle}
    wanted = set()
    if kinds <= {"goto", "set"}:
        wanted.add("endless-loop")
    elif "menu" not in kinds:
        wanted.add("idle-loop")
    found = check_scenario(load_scenario(path), None)
    unreached = [one for one in found if one.code == "unreached-step"]
    assert {NAMES[one.line - 4] for one in unreached} == set(NAMES) - set(way)
    assert {one.code for one in found if one.code.endswith("-loop")} == wanted
    for one in found:
        if one.code.endswith("-loop"):
            told = one.message.partition(": ")[2].split(" → ")
            assert set(told) == set(circle)
            assert told[0] == told[-1]
            assert all(roads[name][1] == then for name, then in pairwise(told))


def test_the_order_of_what_is_reached_begins_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "main.yaml"
    path.write_text("scenario: main\nstart: b\nsteps:\n  a: {type: hangup}\n  b: {type: goto, step: a}\n")
    assert list(Inspection.of(load_scenario(path), None).reached) == ["b", "a"]
