"""Recorded calls as the worker meets them: rows of the journal and raw files, and clocks of one's own."""

from pathlib import Path

import msgspec
from sqlalchemy import Connection, insert

from engine.journal.events import CallEnded, CallStarted, Entry, Event, kind
from engine.journal.recording_events import RecordingStarted
from engine.recordings.files import raw_names
from engine.recordings.jobs import derive_recordings
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import journal
from tests import sound

START = 1_795_500_000_000  # 2026-11-24 UTC


class HandClock:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.now = START + 60_000

    def wall_ms(self) -> int:
        return self.now

    def monotonic_ms(self) -> int:
        return self.now - START

    def boot_id(self) -> str:
        return "testboot"


def entries_of(call_id: str, parts: int, tenant: str = "romashka", *, encrypt: bool = False) -> list[Entry]:
    events: list[Event] = [
        CallStarted("in", tenant, "+74951234567", "+79031112233", "PJSIP/city-1"),
        *(
            RecordingStarted(call_id, *raw_names(call_id, part), encrypt=encrypt)
            for part in range(1, parts + 1)
        ),
        CallEnded("caller", 16),
    ]
    return [
        Entry(call_id, seq, START + seq * 1000, seq * 1000, "testboot", event)
        for seq, event in enumerate(events, 1)
    ]


async def store(database: Database, *calls: list[Entry]) -> None:
    """As the journal's writer does it: events and what is derived of them in one transaction."""

    def in_one(connection: Connection) -> None:
        for entries in calls:
            for entry in entries:
                values = {
                    "call_id": entry.call_id,
                    "seq": entry.seq,
                    "at": entry.at,
                    "mono": entry.mono,
                    "boot": entry.boot,
                    "kind": kind(entry.event),
                    "data": msgspec.json.encode(entry.event).decode(),
                }
                connection.execute(insert(journal).values(**values))
        derive_recordings(connection, {entries[0].call_id: entries for entries in calls})

    await database.transaction(in_one)


def speak(
    settings: Settings, call_id: str, part: int, caller_hz: float, operator_hz: float, s: float
) -> None:
    """Raw files in which the caller is one tone and the operator another."""
    caller, operator = raw_paths(settings, call_id, part)
    sound.tone(caller, caller_hz, s)
    sound.tone(operator, operator_hz, s)


def raw_paths(settings: Settings, call_id: str, part: int) -> tuple[Path, Path]:
    names = raw_names(call_id, part)
    return settings.raw_recordings_folder / names.caller, settings.raw_recordings_folder / names.operator
