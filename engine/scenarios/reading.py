"""Reading and checking files again only where something has changed (F44)."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from engine.clock import Clock
from engine.directory.directory import Tenant
from engine.directory.document import Document
from engine.directory.findings import Finding
from engine.directory.loader import TenantFile, load_tenant
from engine.directory.prompt_model import parts
from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.own import digest_of, find_source
from engine.directory.schedules.files import HolidayFiles, holidays_folder, load_holidays
from engine.scenarios.announced import announced
from engine.scenarios.check import check_scenario
from engine.scenarios.files import Snapshot, Stamp, read_whole
from engine.scenarios.live import Sources
from engine.scenarios.loader import ScenarioFile, load_scenario, with_takes
from engine.scenarios.model import Scenario
from engine.scenarios.preparation import Preparation, Preparing, Problem
from engine.scenarios.runner import ROAD_PROMPTS

# A program that keeps a file open for writing so long is told of; meanwhile the last content counts.
BEING_WRITTEN_MS = 2000
# How long a tenant's file must be missing before the tenant goes: editors and deployments take it away first.
GONE_MS = 3000

File = TypeVar("File", ScenarioFile, TenantFile)


@dataclass(frozen=True)
class _Read(Generic[File]):
    stamp: Stamp
    content: bytes
    file: File
    sure: bool  # a later change shows in the stamp


@dataclass(frozen=True)
class _Around:
    """What a scenario's check and prompts depend on beside its own file."""

    files: dict[str, Stamp]  # prompts and other files
    names: tuple[str, ...]  # of the scenarios beside it


@dataclass(frozen=True)
class _Checked:
    file: ScenarioFile
    tenant: Tenant | None
    around: _Around | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Taken:
    read: ScenarioFile
    around: _Around | None
    file: ScenarioFile  # with the recordings that it plays


class Reading:
    """Remembers what files held and what came of it. `sources` begins a look; one thread at a time."""

    def __init__(self, trunks: Collection[str], prompts: Preparing, clock: Clock) -> None:
        self._trunks = trunks
        self._preparation = Preparation(prompts)
        self._patient_until = 0.0
        self._clock = clock
        self._read: dict[Path, _Read[Any]] = {}
        self._checked: dict[Path, _Checked] = {}
        self._taken: dict[Path, _Taken] = {}
        self._sounds: dict[Path, tuple[Stamp, str]] = {}
        self._busy: dict[Path, int] = {}  # since when, monotonic
        self._absent: dict[str, int] = {}
        self._around: dict[str, _Around] = {}
        self._snapshot = Snapshot()
        self._holidays = HolidayFiles({})
        self._holiday_stamps: dict[str, Stamp] | None = {}
        self._tenants = self._scenarios = Path()
        self._unsettled = False

    @property
    def unsettled(self) -> bool:
        """Whether the same files may come to something else in a moment."""
        return self._unsettled

    def sources(
        self, tenants: Path, scenarios: Path, snapshot: Snapshot, *, patient_until: float = 0.0
    ) -> Sources:
        """What `decide` works from. Prompts are waited for until then, by the monotonic clock; a scenario
        whose prompts take longer stays as it was last so long.
        """
        self._patient_until = patient_until
        self._snapshot, self._tenants, self._scenarios = snapshot, tenants, scenarios
        self._unsettled = False
        self._around = self._look_around(scenarios)
        self._look_at_holidays()
        for path in self._preparation.paths():
            if str(path) not in snapshot.files:
                self._preparation.forget(path)
        for known in (self._read, self._checked, self._taken, self._sounds, self._busy):
            for path in [path for path in known if str(path) not in snapshot.files]:
                del known[path]
        for name in [name for name in self._absent if f"{tenants / name}.yaml" in snapshot.files]:
            del self._absent[name]
        return Sources(
            tenants=tenants,
            scenarios=scenarios,
            snapshot=snapshot,
            holidays=self._holidays,
            trunks=self._trunks,
            load_tenant=self._load_tenant,
            load_scenario=self._load_scenario,
            check=self._check,
            prepare=self._prepare,
            stays=self._stays,
        )

    def content_of(self, scenario: Scenario) -> tuple[bytes, int] | None:
        """What its file held and whose it is (a user number), if it came from the file as it is now."""
        path = self._scenarios / scenario.tenant / f"{scenario.name}.yaml"
        read, taken = self._read.get(path), self._taken.get(path)
        if read is None or taken is None or taken.file.scenario is not scenario:
            return None
        return read.content, read.stamp.owner

    def _look_around(self, scenarios: Path) -> dict[str, _Around]:
        found = {}
        for name, files in self._snapshot.by_folder(scenarios).items():
            own = f"{scenarios / name}/"
            beside = [path for path in files if path.endswith(".yaml") and "/" not in path[len(own) :]]
            others = {path: stamp for path, stamp in files.items() if path not in beside}
            around = _Around(others, tuple(beside))
            known = self._around.get(name)
            found[name] = known if known == around else around
        return found

    def _look_at_holidays(self) -> None:
        """Of a file that is wrong, what it held before counts; without that, its right lines."""
        folder = holidays_folder(self._tenants)
        stamps = self._snapshot.below(folder)
        if stamps == self._holiday_stamps:
            return
        read, last = load_holidays(folder), self._holidays.corrections
        kept = {country: last[country] for country in read.wrong if country in last}
        self._holidays = replace(read, corrections={**read.corrections, **kept})
        just_made = any(stamp.just_made() for stamp in stamps.values())
        self._unsettled = self._unsettled or just_made
        self._holiday_stamps = None if just_made else stamps
        for path in [path for path in self._read if path.parent == self._tenants]:
            del self._read[path]

    def _load_tenant(self, path: Path, trunks: Collection[str] | None) -> TenantFile:
        def wrong(document: Document) -> TenantFile:
            return TenantFile(document, tuple(document.findings), None)

        return self._once(path, lambda content: load_tenant(path, trunks, content, self._holidays), wrong)

    def _load_scenario(self, path: Path, tenant: str) -> ScenarioFile:
        def wrong(document: Document) -> ScenarioFile:
            return ScenarioFile(tenant, path, document, tuple(document.findings), {}, None)

        return self._with_takes(self._once(path, lambda content: load_scenario(path, tenant, content), wrong))

    def _with_takes(self, file: ScenarioFile) -> ScenarioFile:
        """Which recordings of the tenant's it plays is part of what a version is."""
        if file.scenario is None:
            return file
        around = self._around.get(file.tenant)
        known = self._taken.get(file.path)
        if known is None or known.read is not file or known.around is not around:
            takes = self._takes(file.scenario)
            taken = replace(file, scenario=with_takes(file.scenario, takes)) if takes else file
            known = self._taken[file.path] = _Taken(file, around, taken)
        return known.file

    def _takes(self, scenario: Scenario) -> dict[str, str]:
        found = {}
        spoken = [part for prompt in (*scenario.prompts(), *ROAD_PROMPTS) for part in parts(prompt)]
        for name in sorted({part for part in spoken if isinstance(part, str)}):
            try:
                source = find_source(scenario.folder / "prompts", name)
                if source is not None:
                    found[name] = self._sound(source)
            except (BadSound, OSError):
                continue  # what is wrong with it is said when it is prepared
        return found

    def _sound(self, source: Path) -> str:
        stamp = Stamp.of(source.stat())
        known = self._sounds.get(source)
        if known is None or known[0] != stamp:
            known = self._sounds[source] = (stamp, digest_of(source))
        return known[1]

    def _once(
        self, path: Path, load: Callable[[bytes | None], File], wrong: Callable[[Document], File]
    ) -> File:
        """A file that has not changed is not read again, nor one that is just being written."""
        known: _Read[File] | None = self._read.get(path)
        stamp = self._snapshot.files.get(str(path))
        if known is not None and known.stamp == stamp and known.sure:
            return known.file
        try:
            content = read_whole(path)
        except OSError:
            # It went, or may not be read: what is wrong is said by the loader.
            self._unsettled = self._unsettled or stamp is None
            return load(None)
        if content is None:
            return self._being_written(path, known, wrong)
        self._busy.pop(path, None)
        if stamp is None:
            stamp = Stamp.of(os.stat(path))
        sure = not stamp.just_made()
        self._unsettled = self._unsettled or not sure
        file = known.file if known is not None and known.content == content else load(content)
        self._read[path] = _Read(stamp, content, file, sure)
        return file

    def _being_written(
        self, path: Path, known: _Read[File] | None, wrong: Callable[[Document], File]
    ) -> File:
        self._unsettled = True
        now = self._clock.monotonic_ms()
        since = self._busy.setdefault(path, now)
        if known is not None and now - since < BEING_WRITTEN_MS:
            return known.file
        message = "a program has the file open for writing"
        document = Document(str(path))
        document.findings.append(document.finding((), message, "a file that is saved and closed"))
        return wrong(document)

    def _check(self, file: ScenarioFile, tenant: Tenant | None) -> list[Finding]:
        around = self._around.get(file.tenant)
        known = self._checked.get(file.path)
        if (
            known is None
            or known.file is not file
            or known.tenant is not tenant
            or known.around is not around
        ):
            known = _Checked(file, tenant, around, tuple(check_scenario(file, tenant)))
            self._checked[file.path] = known
        return list(known.findings)

    def _prepare(self, file: ScenarioFile, scenario: Scenario, tenant: Tenant) -> list[Finding] | None:
        language, around = scenario.language or tenant.language, self._around.get(file.tenant)
        said = [prompt for _, prompt in announced(tenant)]
        problems = self._preparation.problems(
            file.path, scenario, language, around, said, until=self._patient_until
        )
        if problems is None:
            self._unsettled = True
            return None
        return [_problem(file, problem) for problem in problems]

    def _stays(self, name: str) -> str:
        """Why a tenant stays whose file is not there; empty when it goes."""
        folder = str(self._tenants)
        if folder in self._snapshot.unreadable:
            return (
                f"the folder {folder} cannot be read: {self._snapshot.unreadable[folder]}; tenant stays live"
            )
        path = Path(folder, f"{name}.yaml")
        if not any(file.endswith(".yaml") for file in self._snapshot.below(self._tenants)):
            return "the file is gone, and no other is there; the tenant stays live"
        now = self._clock.monotonic_ms()
        if path.is_symlink() or now - self._absent.setdefault(name, now) < GONE_MS:
            self._unsettled = True
            return "the file is gone; the tenant goes too if it stays away"
        return ""


def _problem(file: ScenarioFile, problem: Problem) -> Finding:
    for name, step in file.steps.items():
        for spoken in step.prompts():
            if problem.prompt in parts(spoken.prompt):
                return file.document.finding(("steps", name, *spoken.path), problem.message)
    return file.document.finding((), problem.message)
