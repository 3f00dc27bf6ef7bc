"""The calls that an engine had open when it went away, from the newest segment of its spool."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from engine.journal.events import (
    CallAnswered,
    CallStarted,
    Entry,
    LegCreated,
    LegEnded,
    LegHeard,
    TalkEnded,
    TalkStarted,
    is_call,
)
from engine.journal.segments import list_segments, read_segment

_log = structlog.get_logger(__name__)


class EngineJournal:
    """Read again only when the spool has changed; an engine that is away does not change it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version: tuple[str, int] = ("", -1)
        self._open: dict[str, list[Entry]] = {}

    def open_calls(self) -> dict[str, list[Entry]]:
        """Open calls' entries; empty where no engine has ever run."""
        segments = list_segments(self._folder, "engine")
        if not segments:
            return {}
        newest = segments[-1].path
        try:
            version = (newest.name, newest.stat().st_size)
            if version != self._version:
                found = read_segment(newest).open
                self._open = {call_id: entries for call_id, entries in found.items() if is_call(entries)}
                self._version = version
        except OSError as error:
            _log.error("fallback.engine_journal_unreadable", path=str(newest), error=str(error))
        return self._open


def started(entries: Sequence[Entry]) -> CallStarted | None:
    return next((entry.event for entry in entries if isinstance(entry.event, CallStarted)), None)


def open_legs(entries: Sequence[Entry]) -> list[str]:
    """Legs that have been made and have not ended."""
    ended = {entry.event.leg for entry in entries if isinstance(entry.event, LegEnded)}
    made = [entry.event.leg for entry in entries if isinstance(entry.event, LegCreated)]
    return [leg for leg in made if leg not in ended]


def was_talking(entries: Sequence[Entry]) -> bool:
    """People were talking when the engine went away."""
    begun = sum(isinstance(entry.event, TalkStarted) for entry in entries)
    return begun > sum(isinstance(entry.event, TalkEnded) for entry in entries)


def heard_early(entries: Sequence[Entry]) -> bool:
    """The caller heard early media, and was not answered, when the engine went away."""
    if any(isinstance(entry.event, CallAnswered) for entry in entries):
        return False
    return any(isinstance(entry.event, LegHeard) for entry in entries)
