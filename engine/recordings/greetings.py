"""Greetings that users record by telephone, one each, below `VATS_HOME/greetings`.

`TENANT/EXTENSION.alaw` and `.wav` are what callers hear; `EXTENSION.new.…` are of the one that its user has
just spoken and has not decided about.
"""

import asyncio
import time
from pathlib import Path

from engine.directory.prompts.convert import BadSound
from engine.directory.prompts.places import is_made, remove
from engine.directory.prompts.speech import SpeechFailed
from engine.directory.prompts.workshop import Workshop
from engine.recordings.files import below
from engine.recordings.mixing import is_closed
from engine.settings import Settings

_ENDINGS = ("alaw", "wav")
# The switch says that a recording has ended a moment before it has closed the file, at most.
_CLOSED_WITHIN_S = 2.0


class GreetingProblem(Exception):
    """The greeting cannot be used or kept; the message says why. The one before stays."""


class Greetings:
    """One for the engine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.greetings_folder
        self._raw = settings.raw_messages_folder

    def of(self, tenant: str, mailbox: str) -> str | None:
        """The media URI of the user's own greeting, None where he has none."""
        target = self._target(tenant, mailbox)
        return _media(target) if is_made(target) else None

    async def make(self, tenant: str, mailbox: str, recording: str) -> str:
        """Make a greeting of what the switch recorded, for its user to hear; its media URI.

        Raises `GreetingProblem`. The switch's file is gone afterwards.
        """
        return await asyncio.to_thread(self._make, tenant, mailbox, recording)

    async def keep(self, tenant: str, mailbox: str) -> None:
        """Callers hear the new one from now on. Raises `GreetingProblem`."""
        await asyncio.to_thread(self._keep, tenant, mailbox)

    async def remove(self, tenant: str, mailbox: str) -> None:
        """Callers hear the usual greeting again. Raises `GreetingProblem`."""
        await asyncio.to_thread(self._remove, tenant, mailbox)

    def _target(self, tenant: str, mailbox: str) -> Path:
        return below(self._folder, f"{tenant}/{mailbox}")

    def _new(self, tenant: str, mailbox: str) -> Path:
        return below(self._folder, f"{tenant}/{mailbox}.new")

    def _make(self, tenant: str, mailbox: str, recording: str) -> str:
        raw = below(self._raw, f"{recording}.wav")
        new = self._new(tenant, mailbox)
        try:
            _wait_closed(raw)
            new.parent.mkdir(parents=True, exist_ok=True)
            with Workshop(self._settings, at_once=1) as workshop:
                workshop.convert(raw, new)
        except (BadSound, SpeechFailed, OSError) as error:
            raise GreetingProblem(f"{tenant}: greeting of {mailbox}: {error}") from error
        finally:
            raw.unlink(missing_ok=True)
        return _media(new)

    def _keep(self, tenant: str, mailbox: str) -> None:
        new, target = self._new(tenant, mailbox), self._target(tenant, mailbox)
        try:
            for ending in _ENDINGS:
                _with(new, ending).replace(_with(target, ending))
        except OSError as error:
            raise GreetingProblem(f"{tenant}: greeting of {mailbox}: {error}") from error

    def _remove(self, tenant: str, mailbox: str) -> None:
        try:
            remove(self._target(tenant, mailbox))
        except OSError as error:
            raise GreetingProblem(f"{tenant}: greeting of {mailbox}: {error}") from error


def _wait_closed(raw: Path) -> None:
    """In a thread. Raises `OSError` for a file that is not there."""
    end = time.monotonic() + _CLOSED_WITHIN_S
    while not is_closed(raw) and time.monotonic() < end:
        time.sleep(0.02)


def _with(target: Path, ending: str) -> Path:
    return target.with_name(f"{target.name}.{ending}")


def _media(target: Path) -> str:
    return f"sound:{target.resolve()}"
