"""What can only be seen of a tenant as a whole: its numbers, all its scenarios, its folder of prompts."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.directory.findings import Finding, one_of
from engine.directory.loader import TenantFile
from engine.directory.prompt_model import parts
from engine.directory.prompts.library import SOURCE_ENDINGS
from engine.scenarios.loader import ScenarioFile


def check_numbers(file: TenantFile, scenarios: Iterable[str]) -> list[Finding]:
    """Numbers of a tenant whose scenario does not exist. `scenarios`: names of the tenant's scenarios."""
    known = set(scenarios)
    return [
        file.document.finding(
            ("numbers", number, "scenario"),
            f"number {number} has no scenario {entry.scenario}",
            one_of(known, entry.scenario),
            code="unknown-scenario",
        )
        for number, entry in (file.tenant.numbers.items() if file.tenant else ())
        if entry.scenario not in known
    ]


def check_unused(file: TenantFile, scenarios: Iterable[ScenarioFile], folder: Path) -> list[Finding]:
    """Scenarios that no number leads to, and sound files below `folder/prompts` that no scenario plays."""
    if file.tenant is None:
        return []
    scenarios = list(scenarios)
    used = {entry.scenario for entry in file.tenant.numbers.values()}
    found = []
    for scenario in scenarios:
        if scenario.name not in used and isinstance(scenario.document.data, dict):
            found.append(
                scenario.document.finding(
                    ("scenario",),
                    f"no number leads to scenario {scenario.name}",
                    f"{{scenario: {scenario.name}}} at a number of tenant {file.tenant.name}",
                    severity="warning",
                    code="unused-scenario",
                )
            )
    # Of a scenario that is wrong it is not known what it would play.
    if all(scenario.scenario is not None for scenario in scenarios):
        found += _unused_prompts(file, scenarios, folder / "prompts")
    return [
        one
        for one in found
        if not any(
            one.code in scenario.document.allowed.get(one.line, ())
            for scenario in scenarios
            if scenario.document.file == one.file
        )
    ]


def _unused_prompts(file: TenantFile, scenarios: list[ScenarioFile], folder: Path) -> Iterator[Finding]:
    played = {
        part
        for scenario in scenarios
        for step in scenario.steps.values()
        for spoken in step.prompts()
        for part in parts(spoken.prompt)
        if isinstance(part, str)
    }
    played |= set(_texts(file.document.data))
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = path.relative_to(folder).with_suffix("").as_posix()
        if path.suffix.lower().lstrip(".") in SOURCE_ENDINGS and path.is_file() and name not in played:
            yield Finding(
                str(path),
                1,
                1,
                "warning",
                f"no scenario plays the prompt {name}",
                f"prompt: {name} in a step",
                "unused-prompt",
            )


def _texts(value: object) -> Iterator[str]:
    """All texts in a tenant's file: any of them may name a prompt, such as a queue's music."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
