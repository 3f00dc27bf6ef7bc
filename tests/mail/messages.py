"""A tenant with people, and messages that were kept for them."""

from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from engine.directory.directory import Directory
from engine.directory.model import TenantModel
from engine.directory.tenant_file import tenant_of
from engine.integrations.mail.worker import MailWorker
from engine.settings import MailSettings, Settings
from engine.store.database import Database
from engine.store.tables import message_mail, voice_message
from tests import sound
from tests.recordings.calls import START, HandClock

NAME = "cell1-1.1.message.1"
HERTZ = 440


def directory(**tenant: object) -> Directory:
    content = {
        "tenant": "romashka",
        "title": "ООО «Ромашка»",
        "users": {
            "101": {"name": "Анна Иванова", "email": "anna@romashka.example"},
            "102": {"name": "Пётр Смирнов"},
        },
        **tenant,
    }
    return Directory.of([tenant_of(TenantModel.model_validate(content))])


def with_mail(settings: Settings, port: int, **mail: Any) -> Settings:
    values = {"host": "127.0.0.1", "port": port, "tls": "none", "from": "ВАТС <vats@vats.example>", **mail}
    return settings.model_copy(update={"mail": MailSettings.model_validate(values)})


def worker(
    settings: Settings, database: Database, clock: HandClock, of: Directory | None = None
) -> MailWorker:
    known = of or directory()
    return MailWorker(settings, database, clock, lambda: known)


async def keep(
    settings: Settings, database: Database, name: str = NAME, seconds: float = 3, **values: object
) -> Path:
    """A message as `MessageWorker` leaves it."""
    path = f"romashka/2026-11-24/{name}.wav"
    file = sound.tone(settings.messages_folder / path, HERTZ, seconds)
    row = {
        "message": name, "call_id": "cell1-1.1", "tenant": "romashka", "mailbox": "101",
        "caller": "+79031112233", "caller_name": "Иван Петров", "left_at": START, "shortest_ms": 2000,
        "state": "done", "path": path, "duration_ms": round(seconds * 1000),
        "size_bytes": file.stat().st_size, "finished_at": START + 5000, **values,
    }  # fmt: skip
    await database.transaction(lambda connection: connection.execute(insert(voice_message).values(row)))
    return file


async def mail_of(database: Database, name: str = NAME) -> Any:
    statement = select(message_mail).where(message_mail.c.message == name)
    async with database.read() as connection:
        return (await connection.execute(statement)).one()


async def message_of(database: Database, name: str = NAME) -> Any:
    statement = select(voice_message).where(voice_message.c.message == name)
    async with database.read() as connection:
        return (await connection.execute(statement)).one()
