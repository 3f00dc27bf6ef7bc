"""`{variable}` in texts and values: that it exists, is set before it is used, and is of the right type."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.directory.findings import Finding, closest
from engine.directory.prompt_model import SayKind, SayPrompt, TextPrompt, parts
from engine.directory.prompts.saying import VARIABLE
from engine.scenarios import templates
from engine.scenarios.check.inspection import Inspection, Path_
from engine.scenarios.model import StepModel
from engine.scenarios.steps.set_variable import SetStep
from engine.scenarios.variables import CALL_VARIABLES, VariableType

# What can be read out in each way; anything can be read as text.
SAYABLE: dict[SayKind, frozenset[VariableType]] = {
    "number": frozenset({"number", "digits"}),
    "digits": frozenset({"digits", "number", "phone"}),
    "ticket": frozenset({"text", "digits", "number"}),
    "date": frozenset({"date"}),
    "time": frozenset({"time"}),
    "duration": frozenset({"number", "digits"}),
    "money": frozenset({"money", "number", "digits"}),
    "phone": frozenset({"phone", "digits"}),
}


Types = dict[str, set[VariableType | None]]


class Use(NamedTuple):
    """A text of a step with variables in it. `say`: the way in which all of it is read out."""

    text: str
    path: Path_
    say: SayKind | None = None


def variables(inspection: Inspection) -> Iterator[Finding]:
    """Every text of every step, in the file's order."""
    types = variable_types(inspection)
    setters: dict[str, list[str]] = {}
    for name, step in inspection.steps.items():
        for one in step.sets():
            setters.setdefault(one.name, []).append(name)
    bits = {variable: 1 << index for index, variable in enumerate(setters)}
    before = _set_before(inspection, bits)
    for name, step in inspection.steps.items():
        for use in _uses(step):
            problem = templates.problem(use.text)
            if problem:
                expected = "{variable}, as in {caller.number}"
                yield inspection.finding(name, use.path, problem, expected, code="wrong-template")
                continue
            for variable in templates.names(use.text):
                if variable not in CALL_VARIABLES and variable not in setters:
                    yield _unknown(inspection, name, use, variable, [*CALL_VARIABLES, *setters])
                elif variable not in CALL_VARIABLES and not before.get(name, -1) & bits[variable]:
                    yield _not_yet(inspection, name, use, variable, setters[variable])
            if use.say is not None:
                yield from _wrong_type(inspection, name, use, use.say, types)


def own_variables(inspection: Inspection) -> Iterator[Finding]:
    """A step that sets one of the variables that every call has changes what others take for granted."""
    for name, step in inspection.steps.items():
        for variable in step.sets():
            every_call = CALL_VARIABLES.get(variable.name)
            if every_call is not None and variable is not every_call:
                yield inspection.finding(
                    name,
                    (),
                    f"step {name} changes {variable.name}, which every call has: {every_call.about}",
                    "another name",
                    code="call-variable",
                    severity="warning",
                    key=True,
                )


def _uses(step: StepModel) -> Iterator[Use]:
    for text, path in step.templates():
        yield Use(text, path)
    for spoken in step.prompts():
        listed = isinstance(spoken.prompt, tuple)
        for index, part in enumerate(parts(spoken.prompt)):
            path = (*spoken.path, index) if listed else spoken.path
            if isinstance(part, TextPrompt) and "{" in part.text:
                yield Use(part.text, (*path, "text"))
            elif isinstance(part, SayPrompt) and isinstance(part.value, str):
                yield Use(part.value, (*path, "value"), part.say)


def _unknown(inspection: Inspection, step: str, use: Use, variable: str, known: list[str]) -> Finding:
    close = closest(sorted(known), variable)
    expected = f"{{{close}}}" if close else "a variable that a step sets, or that every call has"
    message = f"no step sets the variable {variable}"
    return inspection.finding(step, use.path, message, expected, code="unknown-variable")


def _not_yet(inspection: Inspection, step: str, use: Use, variable: str, setters: list[str]) -> Finding:
    return inspection.finding(
        step,
        use.path,
        f"the variable {variable} is empty here: no road to step {step} leads through a step that sets it",
        f"a road through {', '.join(setters[:3])}",
        code="unset-variable",
        severity="warning",
    )


def _wrong_type(inspection: Inspection, step: str, use: Use, say: SayKind, types: Types) -> Iterator[Finding]:
    """Where a value is one variable and nothing else, its type tells whether it can be said so."""
    only = VARIABLE.fullmatch(use.text.strip())
    variable = only[1].strip() if only else ""
    of = types.get(variable, {None})
    wanted = SAYABLE.get(say)
    if wanted is None or None in of or not of.isdisjoint(wanted):
        return
    kinds = sorted(kind for kind in of if kind)
    ways = sorted(way for way, kinds_said in SAYABLE.items() if not kinds_said.isdisjoint(of))
    yield inspection.finding(
        step,
        use.path,
        f"{{{variable}}} is {' or '.join(kinds)}, which cannot be said as {say}",
        f"say: {' or '.join([*ways, 'text'])}",
        code="variable-type",
        severity="warning",
    )


def variable_types(inspection: Inspection) -> Types:
    """The types that each variable can have; None: known only in the call."""
    types: Types = {name: {variable.type} for name, variable in CALL_VARIABLES.items()}
    for step in inspection.steps.values():
        for variable in step.sets():
            filled = isinstance(step, SetStep) and "{" in str(step.variables.get(variable.name, ""))
            types.setdefault(variable.name, set()).add(None if filled else variable.type)
    return types


def _set_before(inspection: Inspection, bits: dict[str, int]) -> dict[str, int]:
    """By step that a call can come to, the variables that may be set there, as bits, its own included."""
    own: dict[str, int] = {}
    for name in inspection.reached:
        own[name] = 0
        for variable in inspection.steps[name].sets():
            own[name] |= bits[variable.name]
    known = dict(own)
    ahead = list(inspection.reached)
    while ahead:
        name = ahead.pop()
        for road in inspection.roads[name]:
            if known[name] & ~known[road.target]:
                known[road.target] |= known[name]
                ahead.append(road.target)
    return known
