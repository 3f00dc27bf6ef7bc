"""Texts that are spoken in a call: made by helper processes, kept for the next call, the oldest removed.

They lie in `TENANT/_calls/`, named by their content. A tenant has 32 MB of them (some 700 greetings): when
there are more, those go that were not played for the longest time, but none that was played in the last 15
minutes, for a caller may be hearing it.
"""

import asyncio
import contextlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import structlog

from engine.directory.prompts.convert import BadSound, Made, silence
from engine.directory.prompts.speech import SpeechFailed
from engine.directory.prompts.workshop import Workshop

MOST_BYTES = 32_000_000
KEEP_S = 900.0
PAUSE_MS = 220
_AT_ONCE = 2
# Who would wait longer than his time limit anyway is told at once.
_MOST_WAITING = 40


class Wanted(NamedTuple):
    """Something to be spoken and where it is kept, for ever unless `bounded`; without text a pause."""

    text: str
    language: str
    target: Path
    tight: bool = False
    bounded: bool = False


def speak(workshop: Workshop, wanted: Wanted, limit_s: float | None = None) -> Made:
    """Make it now; blocks. Raises `SpeechFailed`, `BadSound`."""
    if not wanted.text:
        return silence(PAUSE_MS, wanted.target)
    if limit_s is None:
        return workshop.speak(wanted.text, wanted.language, wanted.target, tight=wanted.tight)
    return workshop.speak(wanted.text, wanted.language, wanted.target, tight=wanted.tight, limit=limit_s)


class CallTexts:
    """Used by one event loop."""

    def __init__(
        self,
        workshop: Workshop,
        limit_s: float,
        *,
        most_bytes: int = MOST_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workshop = workshop
        self._limit_s = limit_s
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._threads = ThreadPoolExecutor(_AT_ONCE, "speech")
        self._making: dict[Path, asyncio.Task[None]] = {}
        # By folder: (size in bytes, when it was last played) by target, the one played longest ago first.
        self._kept: dict[Path, OrderedDict[Path, tuple[int, float]]] = {}
        self._log = structlog.get_logger(__name__)

    def warm(self) -> None:
        """Have a helper process ready soon, so that the first caller need not wait for it; for any thread."""
        self._threads.submit(self._workshop.warm)

    def is_there(self, wanted: Wanted) -> bool:
        """Whether it is made already; it then counts as played now. Takes microseconds."""
        if not wanted.target.with_name(wanted.target.name + ".alaw").is_file():
            return False
        if wanted.bounded:
            kept = self._folder(wanted.target.parent)
            size, _ = kept.get(wanted.target, (_size(wanted.target), 0.0))
            kept[wanted.target] = (size, self._monotonic())
            kept.move_to_end(wanted.target)
        return True

    def begin(self, wanted: Wanted) -> asyncio.Task[None]:
        """The task that makes it; the same one for all who want the same.

        Raises `SpeechFailed` when so many are waiting that its turn would come too late.
        """
        task = self._making.get(wanted.target)
        if task is None:
            if len(self._making) >= _MOST_WAITING:
                raise SpeechFailed(
                    f"“{wanted.text}” is not spoken: {_MOST_WAITING} texts are waiting already"
                )
            task = asyncio.get_running_loop().create_task(self._make(wanted))
            self._making[wanted.target] = task
            task.add_done_callback(lambda done: self._done(wanted.target, done))
        return task

    async def make(self, wanted: Wanted) -> None:
        """Speak it; `settings.speech.limit` seconds at most. Raises `SpeechFailed`."""
        try:
            async with asyncio.timeout(self._limit_s):
                # Others may wait for it too, so who goes away leaves it running.
                await asyncio.shield(self.begin(wanted))
        except TimeoutError as error:
            raise SpeechFailed(f"“{wanted.text}” was not spoken within {self._limit_s:g} s") from error
        except BadSound as error:
            raise SpeechFailed(str(error)) from error

    def close(self) -> None:
        """End what is being made, and the helpers."""
        for task in self._making.values():
            task.cancel()
        self._workshop.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _make(self, wanted: Wanted) -> None:
        begun = time.monotonic()
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self._threads, self._speak, wanted, begun + self._limit_s)
        took_ms = round((time.monotonic() - begun) * 1000)
        self._log.info("prompt.spoken", took_ms=took_ms, length_ms=made.duration_ms)
        if wanted.bounded:
            kept = self._folder(wanted.target.parent)
            kept[wanted.target] = (_size(wanted.target), self._monotonic())
            kept.move_to_end(wanted.target)
            self._forget_old(kept)

    def _speak(self, wanted: Wanted, deadline: float) -> Made:
        left = deadline - time.monotonic()
        if left <= 0:
            raise SpeechFailed("nobody waits for it any more")
        return speak(self._workshop, wanted, left)

    def _done(self, target: Path, task: asyncio.Task[None]) -> None:
        self._making.pop(target, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.warning("prompt.not_spoken", target=str(target), cause=str(error))

    def _folder(self, folder: Path) -> OrderedDict[Path, tuple[int, float]]:
        """What a folder holds; read once, and then known, for nobody else writes there."""
        kept = self._kept.get(folder)
        if kept is None:
            kept = self._kept[folder] = OrderedDict()
            now = self._monotonic()
            with contextlib.suppress(OSError):
                found = sorted((entry.stat().st_mtime, entry.name) for entry in os.scandir(folder))
                for name in (name for _, name in found if name.endswith(".alaw")):
                    target = folder / name.removesuffix(".alaw")
                    kept[target] = (_size(target), now)
        return kept

    def _forget_old(self, kept: OrderedDict[Path, tuple[int, float]]) -> None:
        total = sum(size for size, _ in kept.values())
        now = self._monotonic()
        for target, (size, played_at) in list(kept.items()):
            if total <= self._most_bytes or now - played_at < KEEP_S:
                return
            for ending in ("alaw", "wav"):
                target.with_name(f"{target.name}.{ending}").unlink(missing_ok=True)
            del kept[target]
            total -= size


def _size(target: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(target.with_name(f"{target.name}.{ending}").stat().st_size for ending in ("alaw", "wav"))
    return 0
