"""What callers leave comes into the database, in SQLite and PostgreSQL alike; twice is as once."""

import json

from sqlalchemy import select

from engine.journal.client_events import SurveyAnswered, SurveyCommentAsked, TicketOpened
from engine.journal.events import (
    CallEnded,
    CallStarted,
    Entry,
    Event,
    LegCreated,
    TalkEnded,
    TalkStarted,
    VariableSet,
)
from engine.journal.queue_events import CallbackOrdered, QueueEntered
from engine.journal.recording_events import MessageDropped, MessageLeft, MessageStarted
from engine.records.derive import derive_call
from engine.records.outcomes import derive_outcomes
from engine.records.ticket_story import derive_tickets
from engine.store.database import Database
from engine.store.service_tables import notice
from engine.store.tables import callback_order, survey_answer, ticket, voice_message

CALL = "cell1-1.1"
START = 1_795_500_000_000


def entries(*events: Event, call_id: str = CALL, ended: bool = True) -> list[Entry]:
    started = CallStarted("in", "romashka", "+74951234567", "+7903\0", "PJSIP/x", caller_name="Иван")
    all_of = [started, *events, *([CallEnded("caller", 16)] if ended else [])]
    return [
        Entry(call_id, seq, START + seq * 1000, seq * 1000, "boot", event)
        for seq, event in enumerate(all_of, 1)
    ]


async def derive(database: Database, of_call: list[Entry]) -> None:
    for _ in range(2):
        await database.transaction(lambda connection: derive_outcomes(connection, {CALL: of_call}))
        await database.transaction(lambda connection: derive_tickets(connection, {CALL: of_call}))


async def test_f19_messages_wait_for_their_files(database: Database) -> None:
    first, second, third = (f"{CALL}.message.{number}" for number in (1, 2, 3))
    await derive(
        database,
        entries(
            MessageStarted("101", first, 2000),
            MessageDropped(first),
            MessageStarted("101", second, 2000),
            MessageLeft("101", second),
            MessageStarted("102", third, 3000),
        ),
    )
    async with database.read() as connection:
        rows = (await connection.execute(select(voice_message).order_by(voice_message.c.message))).all()
    assert [(row.message, row.mailbox, row.state, row.shortest_ms) for row in rows] == [
        (second, "101", "waiting", 2000),
        (third, "102", "waiting", 3000),
    ]
    assert (rows[0].tenant, rows[0].caller, rows[0].caller_name) == ("romashka", "+7903", "Иван")
    assert rows[0].left_at == START + 4000


async def test_f36_f38_the_last_order_and_the_marks_with_their_operator(database: Database) -> None:
    await derive(
        database,
        entries(
            SurveyAnswered("speed", 3),
            VariableSet("operator", "102"),
            SurveyAnswered("overall", 5),
            SurveyAnswered("speed", 4, "CALL.step.9"),
            TicketOpened("1003", "late"),
            CallbackOrdered("+79031110000"),
            CallbackOrdered("+79031112233", "sales"),
        ),
    )
    async with database.read() as connection:
        (order,) = (await connection.execute(select(callback_order))).all()
        order_of = (survey_answer.c.visit, survey_answer.c.question)
        marks = (await connection.execute(select(survey_answer).order_by(*order_of))).all()
        (opened,) = (await connection.execute(select(ticket))).all()
    assert (order.call_id, order.tenant, order.number, order.queue, order.ordered_at) == (
        CALL, "romashka", "+79031112233", "sales", START + 8000,
    )  # fmt: skip
    assert [(row.question, row.mark, row.operator) for row in marks] == [
        ("overall", 5, "102"),
        ("speed", 3, None),
        ("speed", 4, "102"),
    ]
    assert (opened.tenant, opened.ticket, opened.subject, opened.call_id) == (
        "romashka",
        "1003",
        "late",
        CALL,
    )


async def test_nothing_is_stored_of_a_call_that_goes_on(database: Database) -> None:
    await derive(database, entries(CallbackOrdered("+79031110000"), ended=False))
    async with database.read() as connection:
        assert (await connection.execute(select(callback_order))).all() == []


def test_a_record_has_ticket_rating_and_a_message_that_nobody_told_the_end_of() -> None:
    record = derive_call(
        entries(TicketOpened("1003"), SurveyAnswered("speed", 3), SurveyAnswered("politeness", 4))
    )
    assert record is not None
    assert (record.ticket, record.rating, record.disposition) == ("1003", 4, "missed")
    named = derive_call(entries(SurveyAnswered("overall", 2), SurveyAnswered("speed", 5)))
    assert named is not None
    assert named.rating == 2
    begun = [MessageStarted("101", "m", 900)]
    kept, short = derive_call(entries(*begun)), derive_call(entries(MessageStarted("101", "m", 1100)))
    assert kept is not None
    assert short is not None
    assert (kept.disposition, short.disposition) == ("voicemail", "missed")


async def test_f38_the_operator_is_who_talked_last_also_after_a_transfer(database: Database) -> None:
    comment, silence = f"{CALL}.message.1", f"{CALL}.message.2"
    of_call = entries(
        QueueEntered("sales"),
        LegCreated("l1", "operator", "PJSIP/romashka-101-desk", "101"),
        TalkStarted("l1", "b"),
        LegCreated("l2", "target", "PJSIP/romashka-102-desk", "102"),
        TalkEnded("l1", "operator"),
        TalkStarted("l2", "b"),
        VariableSet("operator", "101"),
        SurveyAnswered("speed", 2, "9", low=True),
        SurveyAnswered("overall", 5, "9"),
        SurveyCommentAsked("9"),
        MessageStarted("", comment, 1000),
        MessageLeft("", comment),
        SurveyAnswered("speed", 1, "12", low=True),
        SurveyCommentAsked("12"),
        MessageStarted("", silence, 1000),
        MessageDropped(silence),
    )
    await derive(database, of_call)
    async with database.read() as connection:
        order_of = (survey_answer.c.visit, survey_answer.c.question)
        rows = (await connection.execute(select(survey_answer).order_by(*order_of))).all()
        told = (await connection.execute(select(notice).order_by(notice.c.notice))).all()
    assert [(row.visit, row.question, row.mark, row.operator, row.queue, row.comment) for row in rows] == [
        ("12", "speed", 1, "102", "sales", None),
        ("9", "overall", 5, "102", "sales", None),
        ("9", "speed", 2, "102", "sales", comment),
    ]
    assert [(row.kind, row.key) for row in told if row.kind == "rating.low"] == [
        ("rating.low", f"{CALL}.9.speed"),
        ("rating.low", f"{CALL}.12.speed"),
    ]
    assert json.loads(told[0].data) == {
        "call_id": CALL, "question": "speed", "mark": 2, "operator": "102", "queue": "sales",
        "caller": "+7903\0", "comment": comment,
    }  # fmt: skip
