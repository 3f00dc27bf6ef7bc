"""The live set of tenants and scenarios: read, checked, watched (F44)."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from watchfiles import awatch

from engine.directory.directory import Directory, Tenant
from engine.directory.findings import Finding
from engine.directory.loader import TenantFile, load_tenant
from engine.directory.prompt_model import PartValue, Prompt, parts
from engine.scenarios.live import Live, Sources, decide, without_findings
from engine.scenarios.loader import ScenarioFile, load_scenario
from engine.scenarios.model import Scenario
from engine.scenarios.runner import ROAD_PROMPTS
from engine.scenarios.versions import Versions
from engine.settings import Settings

File = TypeVar("File")

_DEBOUNCE_MS = 200
# Where the file system tells nothing of changes, we look this often.
_LOOK_MS = 2000


class Problem(Protocol):
    """Part of a prompt that cannot be made, and why."""

    @property
    def prompt(self) -> PartValue: ...

    @property
    def message(self) -> str: ...


class Preparing(Protocol):
    """What makes prompts, so that none is made during a call."""

    def prepare(
        self, tenant: str, folder: Path, language: str, prompts: Iterable[Prompt]
    ) -> Sequence[Problem]: ...


class Library:
    """Used by one event loop; reading goes on in a thread and what is live changes at once."""

    def __init__(self, settings: Settings, prompts: Preparing) -> None:
        self._settings = settings
        self._prompts = prompts
        self._versions = Versions(settings.versions_folder)
        self._known: dict[str, Scenario] = {}
        self._files: dict[Path, tuple[object, Any]] = {}
        self._prepared: dict[tuple[str, str], tuple[object, list[Finding]]] = {}
        self._live = Live()
        self._seen: object = None
        self._log = structlog.get_logger(__name__)
        self._sources = Sources(
            settings.tenants_folder,
            settings.scenarios_folder,
            set(settings.trunks),
            self._load_tenant,
            self._load_scenario,
            self._prepare,
        )

    @property
    def directory(self) -> Directory:
        """The tenants that are live now."""
        return self._live.directory

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the files as they are now."""
        return list(self._live.findings)

    @property
    def scenarios(self) -> list[Scenario]:
        """All scenarios that are live now."""
        return list(self._live.scenarios.values())

    def find(self, tenant: str, name: str) -> Scenario | None:
        """The scenario that a new call runs on; None when it has never been right: then the desk rings."""
        return self._live.scenarios.get((tenant, name))

    def version(self, version: str) -> Scenario | None:
        """The scenario of that version, live or not; None when it was never live here."""
        if version not in self._known and (scenario := self._versions.scenario(version)):
            self._known[version] = scenario
        return self._known.get(version)

    def load(self) -> list[Finding]:
        """Read all files and take what is right; blocks, for seconds where prompts must be made.

        On the first call, what was live before a restart stands in for files that are wrong now.
        """
        self._take(*self._read())
        return self.findings

    async def watch(self, on_change: Callable[[], Awaitable[None]]) -> None:
        """Take saved files within a second, until cancelled; `on_change` is awaited after each change."""
        folders = [path for path in (self._sources.tenants, self._sources.scenarios) if path.is_dir()]
        async for _ in awatch(
            *folders,
            debounce=_DEBOUNCE_MS,
            step=50,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            watch_filter=None,
        ):
            if await asyncio.to_thread(self._signature) == self._seen:
                continue
            try:
                if self._take(*await asyncio.to_thread(self._read)):
                    await on_change()
            except Exception:
                # What is live stays; the next change is tried again.
                self._log.exception("library.change_failed")

    def _read(self) -> tuple[object, Live]:
        """The files' signature from before they were read, and what may go live."""
        seen = self._signature()
        last = self._live
        if self._seen is None:
            last = self._live_before_restart()
        live = decide(self._sources, last)
        for scenario in live.scenarios.values():
            self._versions.keep(scenario)
        if without_findings(live) != without_findings(last) or self._seen is None:
            self._versions.keep_live(live.contents, list(live.scenarios.values()))
        return seen, live

    def _take(self, seen: object, live: Live) -> bool:
        changed = without_findings(live) != without_findings(self._live)
        for finding in live.findings:
            if finding not in self._live.findings:
                self._log.warning("library.finding", finding=str(finding))
        self._seen, self._live = seen, live
        self._known.update((scenario.version, scenario) for scenario in live.scenarios.values())
        if changed:
            self._log.info("library.live", tenants=len(live.directory.tenants), scenarios=len(live.scenarios))
        return changed

    def _live_before_restart(self) -> Live:
        tenants, scenarios = self._versions.live()
        return Live(
            Directory.of(tenant for tenant, _ in tenants.values()),
            {(scenario.tenant, scenario.name): scenario for scenario in scenarios},
            {name: content for name, (_, content) in tenants.items()},
        )

    def _signature(self) -> object:
        """Changes whenever a file does."""
        folders = (self._sources.tenants, self._sources.scenarios)
        return tuple(
            (str(path), _stamp(path))
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        )

    def _load_tenant(self, path: Path, trunks: Collection[str] | None) -> TenantFile:
        return self._once(path, lambda: load_tenant(path, trunks))

    def _load_scenario(self, path: Path, tenant: str) -> ScenarioFile:
        return self._once(path, lambda: load_scenario(path, tenant))

    def _once(self, path: Path, load: Callable[[], File]) -> File:
        """A file that has not changed is not read again."""
        stamp = _stamp(path)
        known = self._files.get(path)
        if known is None or known[0] != stamp:
            known = self._files[path] = (stamp, load())
        loaded: File = known[1]
        return loaded

    def _prepare(self, file: ScenarioFile, scenario: Scenario, tenant: Tenant) -> list[Finding]:
        folder = scenario.folder / "prompts"
        stamps = [_stamp(path) for path in sorted(folder.rglob("*"))] if folder.is_dir() else []
        language = scenario.language or tenant.language
        made_of = (scenario.version, language, stamps)
        known = self._prepared.get((scenario.tenant, scenario.name))
        if known is not None and known[0] == made_of:
            return known[1]
        wanted = [*scenario.prompts(), *ROAD_PROMPTS]
        problems = self._prompts.prepare(scenario.tenant, scenario.folder, language, wanted)
        findings = [_problem(file, problem) for problem in problems]
        if not findings:
            self._prepared[scenario.tenant, scenario.name] = (made_of, findings)
        return findings


def _problem(file: ScenarioFile, problem: Problem) -> Finding:
    for name, step in file.steps.items():
        for spoken in step.prompts():
            if problem.prompt in parts(spoken.prompt):
                return file.document.finding(("steps", name, *spoken.path), problem.message)
    return file.document.finding((), problem.message)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino
