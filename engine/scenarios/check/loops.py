"""Circles that nobody gets out of, or that go on by themselves."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from engine.directory.findings import Finding
from engine.scenarios import templates
from engine.scenarios.check.inspection import Inspection, Road

Graph = Mapping[str, list[str]]


def loops(inspection: Inspection) -> Iterator[Finding]:
    """An error where a circle takes no time and has no way out; a warning where only time drives it."""
    quick = _graph(inspection, lambda name, road: not inspection.steps[name].takes_time)
    told: set[str] = set()
    for circle in circles(quick):
        inside = set(circle)
        ends = any(one.target not in inside for name in circle for one in inspection.exits[name])
        if not ends:
            told |= inside
            yield _told(inspection, quick, circle, "without end and without a moment's pause", "endless-loop")
    # An error road is for what should not happen; a circle over it says nothing new.
    alone = _graph(inspection, lambda name, road: not road.acted and road.exit != "on_error")
    for circle in circles(alone):
        slow = any(inspection.steps[name].takes_time for name in circle)
        if slow and told.isdisjoint(circle) and not _changes(inspection, circle):
            yield _told(inspection, alone, circle, "without end for a caller who does nothing", "idle-loop")


def _changes(inspection: Inspection, circle: list[str]) -> bool:
    """Whether a step of the circle sets a variable by which another leaves it: so it may end."""
    steps, inside = inspection.steps, set(circle)
    set_inside = {variable.name for name in circle for variable in steps[name].sets()}
    return any(
        not set_inside.isdisjoint(templates.names(text))
        for name in circle
        if any(one.target not in inside for one in inspection.exits[name])
        for text, _ in steps[name].templates()
    )


def _graph(inspection: Inspection, wanted: Callable[[str, Road], bool]) -> dict[str, list[str]]:
    return {
        name: [road.target for road in inspection.roads[name] if wanted(name, road)]
        for name in inspection.reached
    }


def _told(inspection: Inspection, graph: Graph, circle: list[str], how: str, code: str) -> Finding:
    first = min(circle, key=list(inspection.steps).index)
    way = _shortest(graph, first, set(circle))
    message = f"steps lead to one another {how}: {' → '.join(way)}"
    if code == "endless-loop":
        expected = "a way out, or a step that waits for the caller"
        return inspection.finding(first, (), message, expected, code=code, key=True)
    expected = "a hangup, or another way on, in the end"
    return inspection.finding(first, (), message, expected, code=code, severity="warning", key=True)


def _shortest(graph: Graph, first: str, circle: set[str]) -> list[str]:
    """The shortest way from a step through the circle back to it."""
    came_from: dict[str, str] = {}
    ahead = [first]
    for name in ahead:
        for target in graph[name]:
            if target == first:
                way = [name]
                while way[-1] != first:
                    way.append(came_from[way[-1]])
                return [*reversed(way), first]
            if target in circle and target not in came_from:
                came_from[target] = name
                ahead.append(target)
    return [first]


def circles(graph: Graph) -> Iterator[list[str]]:
    """The sets of steps that all lead to one another (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in graph:
        if root in order:
            continue
        work: list[tuple[str, Iterable[str]]] = [(root, iter(graph[root]))]
        order[root] = lowest[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, targets = work[-1]
            for target in targets:
                if target not in graph:
                    continue
                if target not in order:
                    order[target] = lowest[target] = len(order)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in on_stack:
                    lowest[name] = min(lowest[name], order[target])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[name])
                if lowest[name] == order[name]:
                    circle: list[str] = []
                    while not circle or circle[-1] != name:
                        circle.append(stack.pop())
                        on_stack.discard(circle[-1])
                    if len(circle) > 1 or name in graph[name]:
                        yield circle
