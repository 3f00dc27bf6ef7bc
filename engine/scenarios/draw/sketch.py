"""What is drawn: a scenario, or as much of a wrong one as was understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.directory.directory import Tenant
from engine.directory.findings import Finding, errors
from engine.scenarios.loader import ScenarioFile
from engine.scenarios.model import Scenario, StepModel


@dataclass(frozen=True)
class Sketch:
    """A scenario for drawing. `order` is every step of the file, `steps` those that were understood.

    `wrong` holds the steps with errors and what is said of them, `elsewhere` the file's other errors.
    """

    name: str
    title: str
    start: str
    voice: str  # the language that callers hear
    tenant: Tenant | None
    folder: Path | None
    steps: Mapping[str, StepModel]
    order: tuple[str, ...]
    kinds: Mapping[str, str]
    wrong: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    elsewhere: tuple[Finding, ...] = ()


def sketch_of_scenario(scenario: Scenario, tenant: Tenant | None) -> Sketch:
    """A scenario that is right."""
    return Sketch(
        name=scenario.name,
        title=scenario.title,
        start=scenario.start,
        voice=scenario.language or (tenant.language if tenant else ""),
        tenant=tenant,
        folder=scenario.folder,
        steps=scenario.steps,
        order=tuple(scenario.steps),
        kinds={name: step.kind for name, step in scenario.steps.items()},
    )


def sketch_of_file(file: ScenarioFile, tenant: Tenant | None, findings: Iterable[Finding] = ()) -> Sketch:
    """A file, right or wrong. `findings` are all that a check found in it; its own are taken in any case."""
    data = file.document.data if isinstance(file.document.data, dict) else {}
    written = data.get("steps")
    written = written if isinstance(written, dict) else {}
    order = tuple(str(name) for name in written)
    start = data.get("start")
    wrong, elsewhere = _wrong(file, order, errors(dict.fromkeys((*file.findings, *findings))))
    return Sketch(
        name=file.name,
        title=_text(data.get("title")),
        start=start if isinstance(start, str) else "",
        voice=_text(data.get("language")) or (tenant.language if tenant else ""),
        tenant=tenant,
        folder=file.path.resolve().parent,
        steps=file.steps,
        order=order,
        kinds={name: _kind(written[name]) for name in order},
        wrong=wrong,
        elsewhere=elsewhere,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _kind(step: Any) -> str:
    return _text(step.get("type")) if isinstance(step, dict) else ""


def _wrong(
    file: ScenarioFile, order: Iterable[str], found: list[Finding]
) -> tuple[dict[str, tuple[Finding, ...]], tuple[Finding, ...]]:
    """Errors by the step in whose lines they are, and those that are in none."""
    places = file.document.key_places
    steps = {places[("steps", name)]: name for name in order if ("steps", name) in places}
    # Where a step ends: at the next one, or at a name of the file's own.
    begins = [*steps, *(place for path, place in places.items() if len(path) == 1)]
    wrong: dict[str, tuple[Finding, ...]] = {}
    elsewhere: list[Finding] = []
    for finding in found:
        place = max((each for each in begins if each <= (finding.line, finding.column)), default=None)
        name = steps.get(place) if place else None
        if name is None or finding.file != file.document.file:
            elsewhere.append(finding)
        else:
            wrong[name] = (*wrong.get(name, ()), finding)
    return wrong, tuple(elsewhere)
