"""Deciding what goes live: of each file the new version where it is right, else the last good one."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.directory.directory import Directory, Tenant
from engine.directory.findings import Finding, errors
from engine.directory.loader import TenantFile, load_directory, misnamed
from engine.scenarios.check import check_numbers, check_scenario
from engine.scenarios.loader import ScenarioFile
from engine.scenarios.model import Scenario

Key = tuple[str, str]  # tenant, scenario


@dataclass(frozen=True)
class Live:
    """What calls that begin now run on, and what is wrong with the files."""

    directory: Directory = field(default_factory=Directory)
    scenarios: Mapping[Key, Scenario] = field(default_factory=dict)
    contents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # tenants' files, by name
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Sources:
    """Where files lie and how one is read; `prepare` makes a scenario's prompts and says what failed."""

    tenants: Path
    scenarios: Path
    trunks: Collection[str]
    load_tenant: Callable[[Path, Collection[str] | None], TenantFile]
    load_scenario: Callable[[Path, str], ScenarioFile]
    prepare: Callable[[ScenarioFile, Scenario, Tenant], list[Finding]]


def scenario_files(folder: Path) -> list[Path]:
    """The scenario files of a tenant's folder, in order."""
    return sorted(path for path in folder.glob("*.yaml") if path.is_file() and not path.name.startswith("."))


def decide(sources: Sources, last: Live) -> Live:
    """Read everything; what may go live. A wrong file changes nothing of what `last` had."""
    directory, findings, files = load_directory(sources.tenants, sources.trunks, sources.load_tenant)
    tenants: dict[str, Tenant] = {}
    scenarios: dict[Key, Scenario] = {}
    contents: dict[str, Mapping[str, Any]] = {}
    kept = _numbers_kept(directory, files, last)
    for file in files:
        name = Path(file.document.file).stem
        choice = _Choice(sources, name, last)
        new, old = directory.tenant(name), last.directory.tenant(name)
        if new is not None and (
            clash := [number for number in new.numbers if kept.get(number, name) != name]
        ):
            findings.append(
                file.document.finding(
                    ("numbers", clash[0]),
                    f"number {clash[0]} is still live for {kept[clash[0]]}, whose file is wrong",
                    "one tenant",
                    key=True,
                )
            )
            new = None
        found, chosen = choice.of(new or old)
        findings += found
        if new is not None:
            missing = check_numbers(file, choice.names)
            findings += missing
            if old is not None and (missing or choice.breaks):
                new, (_, chosen) = None, choice.of(old)
        tenant = new or old
        if tenant is not None:
            tenants[name] = tenant
            contents[name] = file.document.data if new is not None else last.contents.get(name, {})
            scenarios.update(chosen)
    return Live(Directory.of(tenants.values()), scenarios, contents, tuple(sorted(set(findings))))


def _numbers_kept(directory: Directory, files: list[TenantFile], last: Live) -> dict[str, str]:
    """Numbers of tenants that stay as they were because their file is wrong now."""
    wrong = {Path(file.document.file).stem for file in files} - set(directory.tenants)
    stay = (tenant for name in wrong if (tenant := last.directory.tenant(name)))
    return {number: tenant.name for tenant in stay for number in tenant.numbers}


class _Choice:
    """The scenarios of one tenant: new, last good, or none."""

    def __init__(self, sources: Sources, name: str, last: Live) -> None:
        self._sources = sources
        self._name = name
        self._last = {key: scenario for key, scenario in last.scenarios.items() if key[0] == name}
        self._folder = sources.scenarios / name
        self._files = [sources.load_scenario(path, name) for path in scenario_files(self._folder)]
        self.names = [file.name for file in self._files]
        self.breaks = False  # the tenant's new file takes away what a live scenario needs

    def of(self, tenant: Tenant | None) -> tuple[list[Finding], dict[Key, Scenario]]:
        """Findings of all files against this tenant, and what can be live with it."""
        findings = misnamed(self._folder)
        chosen: dict[Key, Scenario] = {}
        self.breaks = False
        for file in self._files:
            key = (self._name, file.name)
            found = check_scenario(file, tenant)
            scenario = file.scenario
            if scenario is not None and tenant is not None and not errors(found):
                found += self._sources.prepare(file, scenario, tenant)
            findings += found
            if scenario is not None and not errors(found):
                chosen[key] = scenario
            elif (good := self._last.get(key)) is not None:
                chosen[key] = good
                self.breaks = self.breaks or (scenario is not None and scenario.version == good.version)
        used = {entry.scenario for entry in tenant.numbers.values()} if tenant else set()
        for key, good in self._last.items():
            if key not in chosen and key[1] in used and key[1] not in self.names:
                chosen[key] = good  # its file is gone, a number still leads to it
        return findings, chosen


def without_findings(live: Live) -> Live:
    """What is live, to compare with another."""
    return replace(live, findings=())
