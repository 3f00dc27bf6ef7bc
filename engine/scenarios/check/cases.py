"""Cases of a `switch` that no call can take, and comparisons that never hold."""

from collections.abc import Collection, Iterator

from engine.directory.findings import Finding
from engine.scenarios import conditions, templates
from engine.scenarios.check.inspection import Inspection
from engine.scenarios.check.variables import Types, variable_types
from engine.scenarios.steps.switch import Case, SwitchStep

# What `>= 3` can be asked of.
_NUMBERS = {"number", "money", "digits"}


def cases(inspection: Inspection) -> Iterator[Finding]:
    """Of every `switch` step."""
    types = variable_types(inspection)
    for name, step in inspection.steps.items():
        if isinstance(step, SwitchStep):
            yield from _hidden(inspection, name, step)
            for index, case in enumerate(step.cases):
                yield from _never_holds(inspection, name, index, case, types)


def _hidden(inspection: Inspection, name: str, step: SwitchStep) -> Iterator[Finding]:
    """A case whose conditions include those of an earlier one: the earlier is always taken first."""
    for index, case in enumerate(step.cases):
        for earlier, other in enumerate(step.cases[:index]):
            if all(_always(wanted) or case.when.get(key) == wanted for key, wanted in other.when.items()):
                yield inspection.finding(
                    name,
                    ("cases", index, "then"),
                    f"case {index + 1} is never taken: case {earlier + 1} takes all that it would",
                    "the narrower case first",
                    code="never-taken",
                    severity="warning",
                )
                break


def _always(wanted: conditions.Wanted) -> bool:
    return "*" in conditions.values(wanted)


def _never_holds(
    inspection: Inspection, name: str, index: int, case: Case, types: Types
) -> Iterator[Finding]:
    for key, wanted in case.when.items():
        variable = conditions.SHORT.get(key, key)
        of = types.get(variable, {None})
        if key in conditions.MOMENTS or None in of:
            continue
        values = [one for one in conditions.values(wanted) if not _filled(one)]
        problem = ""
        if of.isdisjoint(_NUMBERS) and any(conditions.is_comparison(one) for one in values):
            problem = f"{variable} is {_words(of)}, which is neither more nor less than a number"
        elif of == {"boolean"} and values and all(_like_no_boolean(one) for one in values):
            problem = f"{variable} is true or false, and never {conditions.plain(values[0])}"
        if problem:
            yield inspection.finding(
                name,
                ("cases", index, "when", key),
                problem,
                "a value that it can have",
                code="never-taken",
                severity="warning",
            )


def _filled(wanted: conditions.Scalar) -> bool:
    return isinstance(wanted, str) and any(templates.names(wanted))


def _like_no_boolean(wanted: conditions.Scalar) -> bool:
    return not any(conditions.matches(value, wanted) for value in (True, False))


def _words(types: Collection[str | None]) -> str:
    return " or ".join(sorted(one for one in types if one))
