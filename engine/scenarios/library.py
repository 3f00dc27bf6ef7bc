"""The live set of tenants and scenarios: read, checked, watched (F44)."""

import asyncio
import gc
import pwd
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from watchfiles import awatch

from engine.clock import Clock, SystemClock
from engine.directory.directory import Directory
from engine.directory.findings import Finding, errors
from engine.directory.schedules.files import holidays_folder
from engine.scenarios.files import Snapshot, look
from engine.scenarios.instead import instead
from engine.scenarios.live import Key, Live, decide, without_findings
from engine.scenarios.model import Scenario
from engine.scenarios.placing_lock import nobody_places
from engine.scenarios.preparation import Preparing
from engine.scenarios.reading import Reading
from engine.scenarios.versions import (
    Activation,
    LiveScenario,
    Versions,
    content_digest,
    text_digest,
)
from engine.settings import Settings

_DEBOUNCE_MS = 200
# Changes that the file system does not tell of (a link that leads elsewhere, another machine's files).
_LOOK_MS = 500
# No more than this part of the time goes to looking where nothing was told.
_LOOK_SHARE = 0.02
_ONE_HOUR = 3600.0
_UNSETTLED_S = 0.1
_SWITCH_INTERVAL_S = 0.0005


class Library:
    """Used by one event loop; reading goes on in a thread and what is live changes at once."""

    def __init__(self, settings: Settings, prompts: Preparing, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._versions = Versions(settings.versions_folder)
        self._reading = Reading(set(settings.trunks), prompts, self._clock)
        self._known: dict[str, Scenario] = {}
        self._live = Live()
        self._noted: dict[Key, LiveScenario] = {}
        self._seen: Snapshot | None = None
        self._log = structlog.get_logger(__name__)

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

    def problems(self) -> list[str]:
        """What keeps files from going live, and what calls take instead."""
        return [str(finding) + self._instead(finding) for finding in errors(self._live.findings)]

    def _instead(self, finding: Finding) -> str:
        what = instead(self._settings, Path(finding.file), self._noted, self._live.directory.tenants)
        return f"; {what}" if what else ""

    def describe(self) -> dict[str, object]:
        """What is live: scenarios by TENANT/NAME, and a digest of each tenant's file."""
        return {
            "scenarios": {f"{tenant}/{name}": one for (tenant, name), one in self._noted.items()},
            "tenants": {name: content_digest(content) for name, content in self._live.contents.items()},
        }

    def find(self, tenant: str, name: str) -> Scenario | None:
        """The scenario that a new call runs on; None when it has never been right: then the desk rings."""
        return self._live.scenarios.get((tenant, name))

    def version(self, version: str) -> Scenario | None:
        """The scenario of that version, live or not; None when it was never live here."""
        if version not in self._known and (scenario := self._versions.scenario(version)):
            self._known[version] = scenario
        return self._known.get(version)

    @property
    def preparing(self) -> int:
        """How many tenants have scenarios whose prompts are still being made."""
        return sum(one.pending for one in self._live.decided.values())

    def load(self, patience_s: float = _ONE_HOUR) -> list[Finding]:
        """Read all files and take what is right; blocks for `patience_s` at most where prompts must be made.

        On the first call, what was live before a restart stands in for files that are wrong now, and for
        scenarios whose prompts are not ready; `watch` takes them when they are. Where there was none, the
        tenant's desk rings so long.
        """
        self._take(*self._read(time.monotonic() + patience_s))
        return self.findings

    async def watch(self, on_change: Callable[[], Awaitable[None]]) -> None:
        """Take saved files within a second, until cancelled; `on_change` is awaited after each change."""
        async for _ in self._signs_of_change():
            try:
                if await self._look_again():
                    await on_change()
            except Exception:
                # What is live stays; the next change is tried again.
                self._log.exception("library.change_failed")

    async def _signs_of_change(self) -> AsyncIterator[None]:
        """Whenever something may have changed: at once where the file system tells, else twice a second."""
        while True:
            roots = await asyncio.to_thread(self._watched)
            if not roots:
                await asyncio.sleep(_LOOK_MS / 1000)
                yield
                continue
            try:
                async for _ in awatch(
                    *(path for path, _, _ in roots),
                    debounce=_DEBOUNCE_MS,
                    step=50,
                    rust_timeout=_LOOK_MS,
                    yield_on_timeout=True,
                    watch_filter=None,
                ):
                    yield
                    while self._reading.unsettled:
                        await asyncio.sleep(_UNSETTLED_S)
                        yield
                    if await asyncio.to_thread(self._watched) != roots:
                        break  # a folder was replaced by another: watch that one
            except (OSError, RuntimeError) as error:
                self._log.warning("library.watch_failed", error=str(error))
                await asyncio.sleep(_LOOK_MS / 1000)
                yield

    async def _look_again(self) -> bool:
        """Take what has changed; whether anything live did."""
        began = time.monotonic()
        snapshot = await asyncio.to_thread(self._look)
        if snapshot == self._seen and not self._reading.unsettled:
            # Looking at very many files takes its time, which calls would miss.
            await asyncio.sleep((time.monotonic() - began) / _LOOK_SHARE - _LOOK_MS / 1000)
            return False
        with _yielding_often():
            found = await asyncio.to_thread(self._read_placed)
        return self._take(*found) if found else False

    def _watched(self) -> list[tuple[Path, int, int]]:
        """The folders to watch, and which ones they are: one of the same name may take their place."""
        found = []
        for path in self._roots():
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((path, status.st_dev, status.st_ino))
        return found

    def _roots(self) -> tuple[Path, Path, Path]:
        """Where the files lie now: tenants, scenarios, holidays; links on the way are followed each time."""
        tenants = self._settings.tenants_folder
        return tenants, self._settings.scenarios_folder, holidays_folder(tenants)

    def _look(self) -> Snapshot:
        return look(*self._roots())

    def _read_placed(self) -> tuple[Snapshot, Live, dict[Key, LiveScenario]] | None:
        """None while `vats` is putting several files in place: they belong together."""
        with nobody_places(self._settings) as free:
            return self._read() if free else None

    def _read(self, patient_until: float = 0.0) -> tuple[Snapshot, Live, dict[Key, LiveScenario]]:
        """What the files were when they were read, and what may go live."""
        tenants, scenarios, holidays = self._roots()
        seen = look(tenants, scenarios, holidays)
        last, noted = self._live, self._noted
        if self._seen is None:
            last, noted = self._live_before_restart()
        live = decide(self._reading.sources(tenants, scenarios, seen, patient_until=patient_until), last)
        noted, activations = self._note(live, noted)
        if self._seen is None or activations or without_findings(live) != without_findings(last):
            for scenario in live.scenarios.values():
                self._versions.keep(scenario)
            self._versions.keep_activations(activations)
            self._versions.keep_live(live.contents, noted)
            for version in _versions(last) - _versions(live):
                self._versions.retire(version)
        return seen, live, noted

    def _take(self, seen: Snapshot, live: Live, noted: dict[Key, LiveScenario]) -> bool:
        changed = without_findings(live) != without_findings(self._live)
        told = set(self._live.findings)
        for finding in live.findings:
            if finding not in told:
                self._log.warning("library.finding", finding=str(finding))
        if told and not live.findings:
            self._log.info("library.files_right")
        self._seen, self._live, self._noted = seen, live, noted
        # Of older versions only calls in progress want to know, and after a restart alone.
        self._known = {scenario.version: scenario for scenario in live.scenarios.values()}
        if changed:
            self._log.info("library.live", tenants=len(live.directory.tenants), scenarios=len(live.scenarios))
        return changed

    def _live_before_restart(self) -> tuple[Live, dict[Key, LiveScenario]]:
        tenants, scenarios = self._versions.live()
        live = Live(
            Directory.of(tenant for tenant, _ in tenants.values()),
            {(scenario.tenant, scenario.name): scenario for scenario in scenarios},
            {name: content for name, (_, content) in tenants.items()},
        )
        return live, self._versions.noted().by_key()

    def _note(
        self, live: Live, last: dict[Key, LiveScenario]
    ) -> tuple[dict[Key, LiveScenario], list[Activation]]:
        """What is live since when, and what became live just now, be it only with other comments."""
        noted: dict[Key, LiveScenario] = {}
        activations = []
        wall = self._clock.wall_ms()
        for key, scenario in live.scenarios.items():
            known = last.get(key)
            was = self._live.scenarios.get(key)
            if known is not None and was is scenario:
                noted[key] = known
                continue
            written = self._reading.content_of(scenario)
            digest = text_digest(written[0]) if written else ""
            if known is not None and known.version == scenario.version and digest in ("", known.text_digest):
                noted[key] = known
                continue
            now = max(wall, known.live_at + 1) if known else wall  # in order, whatever became of the clock
            text = written[0].decode("utf-8", "replace") if written else ""
            author = self._versions.author(*key, text)
            by = author.changed_by if author else _owner(written[1]) if written else ""
            cause = author.cause if author else "saved"
            noted[key] = LiveScenario(scenario.version, digest, now, by)
            activations.append(Activation(*key, now, scenario.version, by, cause, text))
        for key, known in last.items():
            if key not in noted:
                at = max(wall, known.live_at + 1)
                activations.append(Activation(*key, at, "", "", "removed", ""))
        return noted, activations


@contextmanager
def _yielding_often() -> Iterator[None]:
    """Reading is done in a thread; the event loop shall not wait for it as long as Python would let it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.disable()  # nothing that is read makes cycles; looking for them would stop calls for 0.05 s
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(before)


def _versions(live: Live) -> set[str]:
    return {scenario.version for scenario in live.scenarios.values()}


def _owner(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
