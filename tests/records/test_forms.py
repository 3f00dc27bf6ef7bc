"""Forms of calls in the database: every version, told to the tenant by mail and notice, once (F20)."""

import json
from functools import partial
from pathlib import Path

from sqlalchemy import select

from engine.clock import SystemClock
from engine.journal.base import Direction
from engine.journal.events import CallAnswered, CallEnded, CallStarted, LegAnswered, LegCreated, LegEnded
from engine.journal.form_events import FormClosed, FormFilled
from engine.journal.spool import Spool
from engine.journal.writer import JournalWriter
from engine.records.forms import answered_calls, derive_forms, forms_of
from engine.records.store import RecordStore
from engine.store.client_tables import text_message
from engine.store.database import Database
from engine.store.service_tables import notice

T = 1_795_417_200_000
CALL = "cell1-1.1"


def filled(message: str) -> FormFilled:
    return FormFilled(
        tenant="romashka",
        call=CALL,
        by="pult/201",
        values=json.dumps({"message": message}),
        title="ООО «Ромашка»",
        language="ru",
        caller="+79031112233",
        caller_name="Иван\0",
        number="+74951234567",
        labels=json.dumps({"message": "Сообщение"}),
        mail="a@romashka.example b@romashka.example",
    )


async def write(database: Database, folder: Path) -> None:
    writer = JournalWriter(
        folder, database, SystemClock(), [RecordStore([]).derive], stream_derivers=[derive_forms]
    )
    while await writer.step():
        pass


async def test_f20_every_version_is_kept_and_told_once(database: Database, tmp_path: Path) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    for number, message in enumerate(["Перезвоните", "Уже не надо"]):
        spool.append(f"{CALL}.form.{number}", filled(message), T + number)
        spool.append(f"{CALL}.form.{number}", FormClosed(), T + number)
    await spool.close()
    await write(database, tmp_path)
    await write(database, tmp_path)

    found = await database.transaction(partial(forms_of, call_id=CALL), read_only=True)
    assert [(one["version"], one["values"]) for one in found] == [
        (1, {"message": "Перезвоните"}),
        (2, {"message": "Уже не надо"}),
    ]
    assert (found[0]["filled_by"], found[0]["labels"]) == ("pult/201", {"message": "Сообщение"})
    newest = await database.transaction(partial(forms_of, tenant="romashka", limit=1), read_only=True)
    assert [one["version"] for one in newest] == [2]
    assert await database.transaction(partial(forms_of, tenant="zdorovie"), read_only=True) == []
    async with database.read() as connection:
        letters = (await connection.execute(select(text_message))).mappings().all()
        notices = (await connection.execute(select(notice))).mappings().all()
    assert sorted({one["recipient"] for one in letters}) == ["a@romashka.example", "b@romashka.example"]
    assert len(letters) == 4
    letter = next(one for one in letters if one["message"] == f"{CALL}.form.0.mail.1")
    assert letter["subject"] == "Сообщение о звонке: Иван, +79031112233"
    assert letter["text"] == (
        "ООО «Ромашка»\n\nСообщение: Перезвоните\n\nЗвонил: Иван, +79031112233\nНа номер: +74951234567\n"
        f"Ответил: pult/201\nЗвонок: {CALL}"
    )
    assert sorted((one["tenant"], one["kind"], one["key"]) for one in notices) == [
        ("romashka", "form.filled", f"{CALL}.form.{number}") for number in (0, 1)
    ]


async def test_f20_who_has_answered_an_ended_call(database: Database, tmp_path: Path) -> None:
    spool = Spool(tmp_path, "engine", SystemClock())
    spool.open()
    calls = {
        "cell1-1.1": ("romashka", "pult/201"),
        "cell1-2.1": ("romashka", "201"),
        "cell1-3.1": ("pult", "201"),
    }
    for call_id, (tenant, user) in calls.items():
        leg = f"{call_id}.leg.1"
        spool.append(call_id, CallStarted("in", tenant, "+74951234567", "+79031112233", "PJSIP/city-1"), T)
        spool.append(call_id, CallAnswered(), T)
        spool.append(call_id, LegCreated(leg, "operator", "PJSIP/pult-201-desk", user), T + 10)
        spool.append(call_id, LegAnswered(leg), T + 20)
        spool.append(call_id, LegEnded(leg, "answered", 16), T + 900)
        spool.append(call_id, CallEnded("caller", 16), T + 1000)
    # Rung first for a callback; a stranger who only calls himself so; what she has dialled in the company.
    others: dict[str, Direction] = {"cell1-4.click.1": "out", "cell1-5.1": "in", "cell1-6.1": "internal"}
    others |= {"cell1-7.1": "out"}
    for call_id, direction in others.items():
        started = CallStarted(
            direction, "romashka", "+74951234567", "pult/201", "PJSIP/x-click", callee="+79035550000"
        )
        spool.append(call_id, started, T + 2000)
        spool.append(call_id, CallAnswered(), T + 2010)
        spool.append(call_id, CallEnded("caller", 16), T + 3000)
    await spool.close()
    await write(database, tmp_path)

    async def whose(tenant: str, extension: str, since: int = T) -> list[tuple[str, str]]:
        work = partial(answered_calls, tenant=tenant, extension=extension, since=since)
        found = await database.transaction(work, read_only=True)
        return [(one["call_id"], one["by"]) for one in found]

    assert await whose("pult", "201") == [
        ("cell1-4.click.1", "pult/201"),
        ("cell1-1.1", "pult/201"),
        ("cell1-3.1", "201"),
    ]
    assert await whose("romashka", "201") == [("cell1-2.1", "201")]
    assert await whose("zdorovie", "201") == []
    assert await whose("pult", "201", T + 5000) == []
