"""What can be known to be wrong with a scenario before a caller meets it (F43)."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from engine.directory.directory import Tenant
from engine.directory.findings import Finding, one_of
from engine.directory.loader import TenantFile
from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt, parts
from engine.directory.prompts import builtin, saying
from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.library import SOURCE_ENDINGS, find_source
from engine.scenarios import templates
from engine.scenarios.loader import ScenarioFile
from engine.scenarios.model import Reference, Spoken, StepModel
from engine.scenarios.variables import CALL_VARIABLES

__all__ = ["Finding", "check_numbers", "check_scenario"]


def check_scenario(file: ScenarioFile, tenant: Tenant | None) -> list[Finding]:
    """All findings of a scenario file, those of reading it included, in the file's order.

    `tenant` is whose scenario it is; None leaves users, groups and trunks unchecked.
    """
    found = list(file.findings)
    data = file.document.data
    if isinstance(data, dict) and isinstance(data.get("steps"), dict):
        names = [str(name) for name in data["steps"]]
        found += _targets(file, names)
        found += _templates(file)
        found += _prompts(file, tenant)
        if tenant is not None:
            found += _references(file, tenant)
        if len(file.steps) == len(names):
            found += _unreached(file, str(data.get("start")))
    return sorted(dict.fromkeys(found))


def check_numbers(file: TenantFile, scenarios: Iterable[str]) -> list[Finding]:
    """Numbers of a tenant whose scenario does not exist. `scenarios`: names of the tenant's scenarios."""
    known = set(scenarios)
    return [
        file.document.finding(
            ("numbers", number, "scenario"),
            f"number {number} has no scenario {entry.scenario}",
            one_of(known, entry.scenario),
        )
        for number, entry in (file.tenant.numbers.items() if file.tenant else ())
        if entry.scenario not in known
    ]


def _targets(file: ScenarioFile, names: list[str]) -> Iterator[Finding]:
    document = file.document
    start = document.data.get("start")
    if isinstance(start, str) and start not in names:
        yield document.finding(("start",), f"start names no step: {start}", one_of(names, start))
    for name, step in file.steps.items():
        ways = [(one.target, one.path) for one in step.exits() if one.path]
        ways.append((step.on_error, ("on_error",)))
        for target, path in ways:
            if target is not None and not target.startswith("@") and target not in names:
                message = f"step {name} leads to {target}, which does not exist"
                place = ("steps", name, *path)
                if document.places.get(place):
                    yield document.finding(place, message, one_of(names, target))


def _unreached(file: ScenarioFile, start: str) -> Iterator[Finding]:
    reached, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name in reached or name not in file.steps:
            continue
        reached.add(name)
        step = file.steps[name]
        ahead += [one.target for one in step.exits() if one.target]
        ahead += [step.on_error] if step.on_error else []
    for name in file.steps:
        if name not in reached and reached:
            yield file.document.finding(
                ("steps", name), f"nothing leads to step {name}", severity="warning", key=True
            )


def _references(file: ScenarioFile, tenant: Tenant) -> Iterator[Finding]:
    known: Mapping[str, Mapping[str, object]] = {
        "user": tenant.users,
        "group": tenant.groups,
        "queue": tenant.queues,
        "schedule": tenant.schedules,
    }
    for name, step in file.steps.items():
        for reference in step.references():
            place = ("steps", name, *reference.path)
            if reference.kind == "outgoing":
                yield from _outgoing(file, tenant, reference, place)
            elif reference.name not in known[reference.kind]:
                yield file.document.finding(
                    place,
                    f"unknown {reference.kind} {reference.name}",
                    one_of(known[reference.kind], reference.name),
                )
            elif reference.kind == "group" and tenant.groups[reference.name].ring == "least_recent":
                yield file.document.finding(
                    place,
                    f"group {reference.name} rings least_recent, which a ring step cannot do",
                    "a group with ring: all, random or sequence",
                )


def _outgoing(
    file: ScenarioFile, tenant: Tenant, reference: Reference, place: tuple[str | int, ...]
) -> Iterator[Finding]:
    document = file.document
    if tenant.outgoing is None:
        yield document.finding(
            place, "the tenant cannot call outside numbers", f"`outgoing` in the file of tenant {tenant.name}"
        )
    if any(templates.names(reference.name)):
        return
    number = tenant.normalise(reference.name)
    if not number.startswith("+"):
        expected = 'a number such as "+79031112233"'
        yield document.finding(place, f"{reference.name} is no telephone number", expected)
    elif number in tenant.numbers:
        yield document.finding(
            place, f"{number} is a number of the tenant itself: the call would come back", "another number"
        )


def _templates(file: ScenarioFile) -> Iterator[Finding]:
    known = set(CALL_VARIABLES) | {one.name for step in file.steps.values() for one in step.sets()}
    for name, step in file.steps.items():
        for text, path in step.templates():
            yield from _template(file, text, ("steps", name, *path), known)
        for spoken in step.prompts():
            for part in parts(spoken.prompt):
                if isinstance(part, SayPrompt) and isinstance(part.value, str):
                    yield from _template(file, part.value, ("steps", name, *spoken.path), known)


def _template(
    file: ScenarioFile, text: str, path: tuple[str | int, ...], known: set[str]
) -> Iterator[Finding]:
    problem = templates.problem(text)
    if problem:
        yield file.document.finding(path, problem, "{variable}, as in {caller.number}")
        return
    for name in templates.names(text):
        if name not in known:
            yield file.document.finding(path, f"no step sets the variable {name}", one_of(known, name))


def _prompts(file: ScenarioFile, tenant: Tenant | None) -> Iterator[Finding]:
    language = str(file.document.data.get("language") or (tenant.language if tenant else "ru"))
    folder = file.path.parent / "prompts"
    for name, step in file.steps.items():
        for spoken in step.prompts():
            for index, part in enumerate(parts(spoken.prompt)):
                message, expected = _part(part, folder, language)
                if message:
                    yield _at_part(file, name, step, spoken, index, message, expected)


def _at_part(
    file: ScenarioFile, name: str, step: StepModel, spoken: Spoken, index: int, message: str, expected: str
) -> Finding:
    inner: tuple[str | int, ...] = (index,) if isinstance(spoken.prompt, tuple) else ()
    return file.document.finding(("steps", name, *spoken.path, *inner), message, expected)


def _part(part: PartValue, folder: Path, language: str) -> tuple[str, str]:
    """(what is wrong, what was expected) of one part of a prompt, empty where nothing is."""
    if isinstance(part, SayPrompt):
        return saying.problem(part), ""
    if isinstance(part, TextPrompt):
        if saying.VARIABLE.search(part.text):
            return "a text that is spoken cannot hold a variable", "a list with the variable under `say`"
        return "", ""
    try:
        if find_source(folder, part) or builtin.text(language, part):
            return "", ""
    except BadSound as error:
        return str(error), ""
    endings = ", ".join(f".{ending}" for ending in SOURCE_ENDINGS)
    return f"no prompt {part}", f"{folder / part} with one of {endings}, or {{text: …}}"
