"""Deciding what goes live: of each file the new version where it is right, else the last good one.

Nothing here looks at what has not changed: a tenant whose files are the same is decided as before.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.directory.directory import Directory, Tenant
from engine.directory.findings import Finding, errors
from engine.directory.loader import TenantFile, load_directory, misnamed
from engine.directory.schedules.files import HolidayFiles
from engine.scenarios.check import check_announcements, check_numbers
from engine.scenarios.files import Snapshot, Stamp
from engine.scenarios.loader import ScenarioFile
from engine.scenarios.model import Scenario

Key = tuple[str, str]  # tenant, scenario
# Beside the scenarios lie the runs that try them out.
_NO_SCENARIOS = ("tests.yaml",)


@dataclass(frozen=True)
class Decided:
    """What one tenant's files came to, and what they were then."""

    file: TenantFile
    tenant: Tenant | None  # as the files say, if they are right
    clash: tuple[str, ...]  # numbers that are still another's
    files: Mapping[str, Stamp]  # of the tenant's folder
    live: Tenant | None
    content: Mapping[str, Any]
    scenarios: Mapping[Key, Scenario]
    findings: tuple[Finding, ...]
    pending: bool  # prompts are still being made

    def made_of(
        self, file: TenantFile, tenant: Tenant | None, clash: tuple[str, ...], files: Mapping[str, Stamp]
    ) -> bool:
        """Whether deciding again would come to the same."""
        same = self.file is file and self.tenant is tenant and not self.pending
        return same and self.clash == clash and self.files == files


@dataclass(frozen=True)
class Live:
    """What calls that begin now run on, and what is wrong with the files."""

    directory: Directory = field(default_factory=Directory)
    scenarios: Mapping[Key, Scenario] = field(default_factory=dict)
    contents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # tenants' files, by name
    findings: tuple[Finding, ...] = ()
    decided: Mapping[str, Decided] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Sources:
    """Where files lie and how one is read, as they were at one moment.

    `check` tells what is wrong with a scenario for a tenant, `prepare` makes its prompts and says what
    failed (None: that is not known yet), `stays` why a tenant whose file is not there stays live; empty: he
    goes.
    """

    tenants: Path
    scenarios: Path
    snapshot: Snapshot
    holidays: HolidayFiles
    trunks: Collection[str]
    load_tenant: Callable[[Path, Collection[str] | None], TenantFile]
    load_scenario: Callable[[Path, str], ScenarioFile]
    check: Callable[[ScenarioFile, Tenant | None], list[Finding]]
    prepare: Callable[[ScenarioFile, Scenario, Tenant], list[Finding] | None]
    stays: Callable[[str], str]


def scenario_files(folder: Path) -> list[Path]:
    """The scenario files of a tenant's folder, in order."""
    return sorted(
        path
        for path in folder.glob("*.yaml")
        if path.is_file() and not path.name.startswith(".") and path.name not in _NO_SCENARIOS
    )


def decide(sources: Sources, last: Live) -> Live:
    """What may go live. A wrong file changes nothing of what `last` had."""
    directory, findings, files = load_directory(
        sources.tenants, sources.trunks, sources.load_tenant, sources.holidays
    )
    kept = _numbers_kept(directory, files, last)
    folders = sources.snapshot.by_folder(sources.scenarios)
    decided: dict[str, Decided] = {}
    for file in files:
        name = Path(file.document.file).stem
        new = directory.tenant(name)
        clash = tuple(number for number in (new.numbers if new else ()) if kept.get(number, name) != name)
        before, stamps = last.decided.get(name), folders.get(name, {})
        if before is not None and before.made_of(file, new, clash, stamps):
            decided[name] = before
        else:
            decided[name] = _decide(sources, name, file, new, clash, kept, stamps, last)
    tenants = {name: one.live for name, one in decided.items() if one.live is not None}
    contents = {name: decided[name].content for name in tenants}
    scenarios = {key: one for name in tenants for key, one in decided[name].scenarios.items()}
    for one in decided.values():
        findings += one.findings
    for name, reason in _absent(sources, directory, {*decided}, last):
        findings.append(Finding(str(sources.tenants / f"{name}.yaml"), 1, 1, "error", reason))
        tenants[name] = last.directory.tenants[name]
        contents[name] = last.contents.get(name, {})
        scenarios.update({key: one for key, one in last.scenarios.items() if key[0] == name})
    return Live(
        _directory(tenants, last), scenarios, contents, tuple(sorted(dict.fromkeys(findings))), decided
    )


def _decide(
    sources: Sources,
    name: str,
    file: TenantFile,
    new: Tenant | None,
    clash: tuple[str, ...],
    kept: Mapping[str, str],
    stamps: Mapping[str, Stamp],
    last: Live,
) -> Decided:
    """One tenant: his new file with all that is right of his scenarios, or what he had."""
    choice = _Choice(sources, name, last)
    findings: list[Finding] = []
    wanted, old = new, last.directory.tenant(name)
    if clash:
        message = f"number {clash[0]} is still live for {kept[clash[0]]}, whose file is wrong"
        findings.append(file.document.finding(("numbers", clash[0]), message, "one tenant", key=True))
        new = None
    found, chosen = choice.of(new or old)
    findings += found
    if new is not None:
        missing = check_numbers(file, choice.names) + check_announcements(file, sources.scenarios / name)
        findings += missing
        if old is not None and (missing or choice.breaks):
            new, (_, chosen) = None, choice.of(old)
    content = file.document.data if new is not None else last.contents.get(name, {})
    return Decided(file, wanted, clash, stamps, new or old, content, chosen, tuple(findings), choice.pending)


def _numbers_kept(directory: Directory, files: list[TenantFile], last: Live) -> dict[str, str]:
    """Numbers of tenants that stay as they were because their file is wrong now."""
    wrong = {Path(file.document.file).stem for file in files} - set(directory.tenants)
    stay = (tenant for name in wrong if (tenant := last.directory.tenant(name)))
    return {number: tenant.name for tenant in stay for number in tenant.numbers}


def _absent(
    sources: Sources, directory: Directory, there: Collection[str], last: Live
) -> list[tuple[str, str]]:
    """Tenants that stay live though their file is not there, and why; not where others have their numbers."""
    return [
        (name, reason)
        for name, tenant in last.directory.tenants.items()
        if name not in there
        and not any(directory.number(number) for number in tenant.numbers)
        and (reason := sources.stays(name))
    ]


def _directory(tenants: Mapping[str, Tenant], last: Live) -> Directory:
    """The last one where it has just these tenants: making one takes time for each user."""
    known, given = last.directory.tenants, last.directory.given
    if len(known) == len(tenants) and all(
        tenant is known.get(name) or tenant is given.get(name) for name, tenant in tenants.items()
    ):
        return last.directory
    return Directory.of(tenants.values())


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
        self.pending = False  # prompts are still being made

    def of(self, tenant: Tenant | None) -> tuple[list[Finding], dict[Key, Scenario]]:
        """Findings of all files against this tenant, and what can be live with it."""
        findings = misnamed(self._folder)
        chosen: dict[Key, Scenario] = {}
        self.breaks = False
        used = {entry.scenario for entry in tenant.numbers.values()} if tenant else set()
        for file in self._files:
            key = (self._name, file.name)
            found = self._sources.check(file, tenant)
            scenario = file.scenario
            ready = scenario is not None and not errors(found)
            if scenario is not None and tenant is not None and ready:
                problems = self._sources.prepare(file, scenario, tenant)
                self.pending = self.pending or problems is None
                found = found + (problems or [])
                ready = problems is not None and not errors(problems)
            findings += found
            if scenario is not None and ready:
                chosen[key] = scenario
            elif (good := self._last.get(key)) is not None:
                chosen[key] = good
                self.breaks = self.breaks or (scenario is not None and scenario.version == good.version)
            elif self.pending and file.name in used:
                self.breaks = True  # no number leads to a scenario before that can be heard
        for key, good in self._last.items():
            if key not in chosen and key[1] in used and key[1] not in self.names:
                chosen[key] = good  # its file is gone, a number still leads to it
        return findings, chosen


def without_findings(live: Live) -> Live:
    """What is live, to compare with another."""
    return replace(live, findings=(), decided={})
