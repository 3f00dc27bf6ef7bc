"""A tenant with deadlines, and calls as the journal has them."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.journal.events import CallEnded, CallStarted, Entry, Event
from engine.store.database import Database
from engine.store.tables import voice_message

MOSCOW = ZoneInfo("Europe/Moscow")
CLIENT = "+79031112233"
CALL = "cell1-1.1"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp() * 1000)


FRIDAY_NIGHT = at("2026-11-27 20:00")


def directory(service: Mapping[str, object] | None = None, **more: object) -> Directory:
    content = {
        "tenant": "romashka",
        "title": "ООО «Ромашка»",
        "users": {
            "101": {"name": "Анна Иванова", "email": "anna@romashka.example"},
            "102": {"name": "Пётр Смирнов"},
            "103": {"name": "Старший", "email": "senior@romashka.example"},
        },
        "queues": {"sales": {"members": ["101", "102"]}},
        "schedules": {"office": {"hours": {"mon-fri": "09:00-18:00"}}},
        "service": {"calendar": "office", **(service or {})},
        **more,
    }
    return Directory.of([tenant_of(TenantModel.model_validate(content))])


def incoming(
    *events: Event, call_id: str = CALL, caller: str = CLIENT, begins: int = FRIDAY_NIGHT, ended: bool = True
) -> list[Entry]:
    """A call from outside; its events are a second apart."""
    started = CallStarted("in", "romashka", "+74951234567", caller, "PJSIP/city-1", caller_name="Иван")
    return journalled([started, *events], call_id, begins, ended)


def outgoing(
    *events: Event,
    call_id: str = "cell1-2.1",
    user: str = "101",
    callee: str = CLIENT,
    begins: int,
    ended: bool = True,
) -> list[Entry]:
    started = CallStarted("out", "romashka", "", user, "PJSIP/romashka-101-desk-1", callee=callee)
    return journalled([started, *events], call_id, begins, ended)


def journalled(events: list[Event], call_id: str, begins: int, ended: bool) -> list[Entry]:
    events = [*events, *([CallEnded("caller", 16)] if ended else [])]
    return [
        Entry(call_id, seq, begins + (seq - 1) * 1000, seq * 1000, "boot", event)
        for seq, event in enumerate(events, 1)
    ]


async def keep_message(
    database: Database,
    message: str,
    left_at: int,
    *,
    state: str = "done",
    caller: str = CLIENT,
    **values: object,
) -> None:
    """As the worker leaves a message whose sound it has looked at."""
    row = {
        "message": message, "call_id": message.partition(".message")[0], "tenant": "romashka",
        "mailbox": "101", "caller": caller, "caller_name": "Иван Петров", "left_at": left_at,
        "shortest_ms": 2000, "state": state, "path": "x.wav", "duration_ms": 4000, "size_bytes": 64000,
        "finished_at": left_at + 6000, **values,
    }  # fmt: skip

    def work(connection: Connection) -> None:
        connection.execute(insert(voice_message).values(row))

    await database.transaction(work)
