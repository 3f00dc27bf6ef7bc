"""Prompts are made beside the reading, so that one tenant's long texts hold up no other's change (F44)."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from engine.directory.prompt_model import PartValue, Prompt, TextPrompt, parts
from engine.scenarios.model import Scenario
from engine.scenarios.runner import ROAD_PROMPTS

_AT_ONCE = 2
_PATIENCE_S = 0.2

_log = structlog.get_logger(__name__)


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


class _Job:
    def __init__(self, made_of: object, work: Callable[[], Sequence[Problem]]) -> None:
        self.made_of = made_of
        self.problems: Sequence[Problem] | None = None  # None too where it broke: then it is tried again
        self._work = work
        # A daemon: what is made appears whole or not at all, and an engine that ends waits for nothing.
        self.thread = threading.Thread(target=self._run, name="prompts", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.problems = self._work()
        except Exception:
            _log.exception("prompts.not_prepared")


class Preparation:
    """What is being prepared and what came of it, by scenario file. Used by one thread at a time."""

    def __init__(self, prompts: Preparing) -> None:
        self._prompts = prompts
        self._jobs: dict[Path, _Job] = {}

    def problems(
        self,
        path: Path,
        scenario: Scenario,
        language: str,
        around: object,
        also: Sequence[Prompt] = (),
        *,
        until: float,
    ) -> Sequence[Problem] | None:
        """What cannot be made of a scenario's prompts and of those that its tenant's calls hear `also`; None:
        it is not known yet, ask again.

        Waits `until` then by the monotonic clock, in seconds, and a moment at least. `around` is what the
        prompts are made of beside the texts.
        """
        made_of = (scenario.version, scenario.folder, language, around, tuple(also))
        job = self._jobs.get(path)
        if job is not None:
            job.thread.join(_patience(until))
            if job.thread.is_alive():
                return None  # of an earlier text, or of this one
            if job.made_of == made_of and job.problems is not None:
                return job.problems
        if sum(one.thread.is_alive() for one in self._jobs.values()) >= _AT_ONCE:
            return None
        job = self._jobs[path] = _Job(made_of, lambda: self.prepare(scenario, language, also))
        job.thread.join(_patience(until))
        return job.problems

    def prepare(self, scenario: Scenario, language: str, also: Sequence[Prompt] = ()) -> Sequence[Problem]:
        """Make all its prompts, in every language that a call may change to; blocks."""
        wanted = [*scenario.prompts(), *ROAD_PROMPTS, *also]
        problems = list(self._prompts.prepare(scenario.tenant, scenario.folder, language, wanted))
        # A text is written in one language; built-in prompts and values are heard in each that is changed to.
        heard = [part for prompt in wanted for part in parts(prompt) if not _is_written(part)]
        for other in sorted(scenario.languages - {language}):
            problems += self._prompts.prepare(scenario.tenant, scenario.folder, other, heard)
        return problems

    def forget(self, path: Path) -> None:
        """The file is gone."""
        job = self._jobs.get(path)
        if job is not None and not job.thread.is_alive():
            del self._jobs[path]

    def paths(self) -> list[Path]:
        """Of which files something is known."""
        return list(self._jobs)


def _patience(until: float) -> float:
    return max(_PATIENCE_S, until - time.monotonic())


def _is_written(part: PartValue) -> bool:
    return isinstance(part, TextPrompt) or (not isinstance(part, str) and part.noun is not None)
