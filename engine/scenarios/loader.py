"""Scenario file → `Scenario`, with the place of every mistake."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from engine.directory.document import Document, read_document
from engine.directory.explain import shown
from engine.directory.findings import Finding, errors, one_of
from engine.scenarios.model import Scenario, ScenarioModel, StepModel
from engine.scenarios.steps import STEP_TYPES


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario file that was read: places, what is wrong, and what could be understood of it.

    `steps` holds the steps that are right by themselves; `scenario` is None where anything is wrong.
    """

    tenant: str
    path: Path
    document: Document
    findings: tuple[Finding, ...]
    steps: Mapping[str, StepModel]
    scenario: Scenario | None

    @property
    def name(self) -> str:
        """The name that numbers know it by."""
        return self.path.stem


def load_scenario(path: Path, tenant: str = "", content: bytes | None = None) -> ScenarioFile:
    """Read one scenario file; the tenant is its folder's name when it is not given.

    `content` is what the file holds, where it has been read already.
    """
    tenant = tenant or path.resolve().parent.name
    document = read_document(path, content)
    findings = list(document.findings)
    if not isinstance(document.data, dict):
        return ScenarioFile(tenant, path, document, tuple(findings), {}, None)
    head: ScenarioModel | None = None
    try:
        head = ScenarioModel.model_validate(document.data)
    except ValidationError as error:
        findings += [_belongs_to_steps(one, document) for one in document.explain(error, model=ScenarioModel)]
    steps, wrong = _read_steps(document)
    findings += wrong
    if head is not None and head.scenario != path.stem:
        message = f"scenario is {head.scenario} in a file named {path.name}"
        expected = f"scenario: {path.stem}"
        findings.append(document.finding(("scenario",), message, expected, code="other-name"))
    scenario = None
    if head is not None and not errors(findings):
        scenario = _scenario(tenant, path.resolve().parent, head, steps, document.data)
    return ScenarioFile(tenant, path, document, tuple(sorted(findings)), steps, scenario)


def stored(scenario: Scenario) -> bytes:
    """What is kept of a version, for calls that began on it."""
    kept = {
        "tenant": scenario.tenant,
        "folder": str(scenario.folder),
        "content": scenario.content,
        "takes": dict(scenario.takes),
    }
    return msgspec.json.encode(kept, order="sorted")


def restored(text: bytes) -> Scenario:
    """A scenario from what was kept of it. Raises ValueError when it is not understood any more."""
    kept: dict[str, Any] = msgspec.json.decode(text)
    content = kept["content"]
    head = ScenarioModel.model_validate(content)
    steps = {name: _step_type(step).model_validate(step) for name, step in head.steps.items()}
    scenario = _scenario(kept["tenant"], Path(kept["folder"]), head, steps, content)
    return with_takes(scenario, kept.get("takes", {}))


def with_takes(scenario: Scenario, takes: Mapping[str, str]) -> Scenario:
    """The version that plays these recordings of the tenant's, each a digest by the prompt's name."""
    if not takes:
        return scenario
    whole = scenario.version + "".join(f"\n{name} {takes[name]}" for name in sorted(takes))
    version = hashlib.sha256(whole.encode()).hexdigest()[:12]
    return replace(scenario, version=version, takes=dict(takes))


def _step_type(step: Any) -> type[StepModel]:
    kind = step.get("type") if isinstance(step, dict) else None
    if kind not in STEP_TYPES:
        raise ValueError(f"unknown step type {kind}")
    return STEP_TYPES[kind]


def _scenario(
    tenant: str,
    folder: Path,
    head: ScenarioModel,
    steps: Mapping[str, StepModel],
    content: Mapping[str, Any],
) -> Scenario:
    canonical = msgspec.json.encode({"tenant": tenant, "content": content}, order="sorted")
    return Scenario(
        tenant=tenant,
        name=head.scenario,
        title=head.title,
        start=head.start,
        language=head.language or "",
        steps=steps,
        version=hashlib.sha256(canonical).hexdigest()[:12],
        folder=folder,
        content=content,
    )


def _belongs_to_steps(finding: Finding, document: Document) -> Finding:
    """A step that is not indented is taken for a name of the scenario's own."""
    for name, value in document.data.items():
        place = document.place((name,), key=True)
        same = (place.line, place.column, "unknown-name") == (finding.line, finding.column, finding.code)
        if same and isinstance(value, dict) and "type" in value:
            return replace(finding, expected=f"{name} below `steps:`, indented")
    return finding


def _read_steps(document: Document) -> tuple[dict[str, StepModel], list[Finding]]:
    steps: dict[str, StepModel] = {}
    findings: list[Finding] = []
    written = document.data.get("steps")
    for name, content in written.items() if isinstance(written, dict) else ():
        path = ("steps", name)
        if not isinstance(content, dict):
            message = f"step {name} is {shown(content)}"
            findings.append(document.finding(path, message, "{type: …, …}", code="wrong-type"))
            continue
        if "type" not in content:
            message, expected = f"step {name} has no type", one_of(STEP_TYPES)
            findings.append(document.finding(path, message, expected, key=True, code="missing-type"))
            continue
        kind = content["type"]
        if not isinstance(kind, str) or kind not in STEP_TYPES:
            message = f"unknown step type {shown(kind)}"
            expected = one_of(STEP_TYPES, kind if isinstance(kind, str) else "")
            findings.append(document.finding((*path, "type"), message, expected, code="unknown-type"))
            continue
        try:
            steps[name] = STEP_TYPES[kind].model_validate(content)
        except ValidationError as error:
            findings += document.explain(error, path, STEP_TYPES[kind])
    return steps, findings
