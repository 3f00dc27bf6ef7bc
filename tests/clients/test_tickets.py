"""Tickets (F33): entered by digits, found by their tenant alone, kept with their history and calls."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.calls.tickets import LiveTickets
from engine.clock import SystemClock
from engine.directory.clients import Client
from engine.directory.directory import Directory
from engine.directory.named import Unknown
from engine.journal.client_events import TicketOpened, TicketSent, TicketUsed
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
from engine.records.derive import derive_call
from engine.records.known_ticket import KnownTicket
from engine.records.store import RecordStore
from engine.records.ticket_book import (
    NoSuchTicket,
    add_note,
    link_call_by_hand,
    set_state,
    story_of,
    ticket_of,
    tickets_of,
)
from engine.records.ticket_story import derive_tickets
from engine.records.tickets import TicketNumbers, is_ticket, with_check_digit
from engine.scenarios.simulate.outside import FirstTickets
from engine.store.client_tables import text_message
from engine.store.database import Database
from engine.ticket_operations import NotOpened, ticket_operations
from tests.clients.company import IVAN, company
from tests.clients.test_store import following_tickets
from tests.scenarios.on_switch import Stage, variables, way
from tests.virtual_time import run

CALL = "cell1-1.1"
AT = 1_795_500_000_000
FIND = """\
start: which
steps:
  which:
    {type: ticket, find: true, attempts: 2, timeout: 4s, next: bye, on_invalid: wrong, on_timeout: silent}
  wrong: {type: hangup}
  silent: {type: hangup}
  bye: {type: hangup}
"""
KNOWN = with_check_digit(100)
OTHERS = with_check_digit(101)
MISTYPED = KNOWN[:-1] + str((int(KNOWN[-1]) + 1) % 10)


def on_stage(keys: str, state: str = "open", operator: str = "") -> tuple[list[str], list[Entry], list[str]]:
    """The way, the journal, and what he heard."""

    async def scene() -> tuple[list[str], list[Entry], list[str]]:
        heard: list[str] = []
        async with Stage(FIND) as stage:
            stage.tickets.put("acme", KnownTicket(KNOWN, state, operator))  # type: ignore[arg-type]
            stage.tickets.put("other", KnownTicket(OTHERS, "open", "103"))
            caller = stage.call()
            await stage.hears(caller, "sound:ticket-enter")
            first, _, again = keys.partition(" ")
            for key in first:
                caller.press(key)
            while not caller.gone:
                if caller.hears_media and caller.hears_media not in heard[-1:]:
                    heard.append(caller.hears_media)
                if again and "sound:ticket-unknown" in heard:
                    for key in again:
                        caller.press(key)
                    again = ""
                await stage.passes(0.05)
            entries = await stage.ended(caller)
            return way(entries), entries, heard

    return run(scene())


@pytest.mark.parametrize("state", ["open", "answered", "waiting", "closed"])
def test_f33_a_caller_hears_what_became_of_it(state: str) -> None:
    taken, entries, heard = on_stage(f"{KNOWN}#", state, "102")
    assert taken[0] == "which next"
    assert f"sound:ticket-state-{state}" in heard
    known = variables(entries)
    assert (known["ticket"], known["ticket.state"], known["ticket.operator"]) == (KNOWN, state, "102")
    assert [one.event for one in entries if isinstance(one.event, TicketUsed)] == [TicketUsed(KNOWN)]
    record = derive_call(entries)
    assert record is not None
    assert record.ticket == KNOWN


def test_f33_a_wrong_check_digit_is_told_at_once() -> None:
    taken, entries, heard = on_stage(f"{MISTYPED}#")
    assert "sound:ticket-mistyped" in heard
    assert "sound:ticket-unknown" not in heard
    assert taken[0] == "which on_timeout", "the second time he keyed nothing"
    assert not any(isinstance(one.event, TicketUsed) for one in entries)


@pytest.mark.parametrize("number", [OTHERS, with_check_digit(102)])
def test_f33_another_tenants_ticket_and_one_that_never_was_are_the_same(number: str) -> None:
    taken, entries, heard = on_stage(f"{number}# {number}#")
    assert "sound:ticket-unknown" in heard
    assert taken[0] == "which on_invalid"
    assert "ticket" not in variables(entries)


def test_f33_a_new_number_is_sent_to_number_and_address() -> None:
    async def scene() -> list[TicketSent]:
        steps = "start: open\nsteps:\n  open: {type: ticket, send: [sms, email], subject: sound}\n"
        async with Stage(steps) as stage:
            stage.clients.put("acme", Client("k", "Иван", numbers=(IVAN,), email="ivan@r.example"))
            entries = await stage.ended(stage.call(IVAN))
            number = variables(entries)["ticket"]
            assert isinstance(number, str)
            assert stage.tickets.find("acme", number) is not None, "found at once, before the database has it"
            assert stage.tickets.find("other", number) is None
            return [one.event for one in entries if isinstance(one.event, TicketSent)]

    by_sms, by_mail = run(scene())
    assert (by_sms.via, by_sms.to) == ("sms", IVAN)
    assert by_sms.text == f"Номер вашего обращения: {by_sms.ticket}. Acme"
    subject = f"Номер вашего обращения: {by_sms.ticket}"
    assert (by_mail.via, by_mail.to, by_mail.subject) == ("email", "ivan@r.example", subject)
    assert by_mail.text == f"{subject}\nAcme"


@pytest.mark.parametrize(
    ("caller", "numbers", "sent_to"),
    [
        ("+74951112233", ("+74951112233", IVAN), [IVAN]),
        ("+74951112233", ("+74951112233",), []),
        ("+79990000000", ("+79990000000", IVAN), ["+79990000000"]),
        ("+447911123456", (), ["+447911123456"]),
        ("+12125550123", (), ["+12125550123"]),  # nobody can tell in America
        ("", (), []),
    ],
)
def test_f33_no_sms_goes_to_a_landline(caller: str, numbers: tuple[str, ...], sent_to: list[str]) -> None:
    async def scene() -> list[str]:
        steps = "start: open\nsteps:\n  open: {type: ticket, send: [sms], text: 'No. {ticket}'}\n"
        async with Stage(steps) as stage:
            stage.clients.put("acme", Client("k", "Иван", numbers=numbers))
            entries = await stage.ended(stage.call(caller))
            sent = [one.event for one in entries if isinstance(one.event, TicketSent)]
            assert all(one.text == f"No. {one.ticket}" for one in sent), "his own text, as it is"
            return [one.to for one in sent]

    assert run(scene()) == sent_to


def call(*events: Event, call_id: str = CALL, at: int = AT, tenant: str = "acme") -> list[Entry]:
    started = CallStarted("in", tenant, "+74951234567", IVAN, "PJSIP/x")
    return [
        Entry(call_id, seq, at + seq * 1000, seq * 1000, "boot", event)
        for seq, event in enumerate([started, *events, CallEnded("caller", 16)], 1)
    ]


TALK = (
    LegCreated("l1", "operator", "PJSIP/acme-102-desk", "102"),
    TalkStarted("l1", "b1"),
    TalkEnded("l1", "caller"),
)


async def derive(database: Database, *calls: list[Entry]) -> None:
    store = RecordStore()
    for _ in range(2):
        await database.transaction(lambda one: store.derive(one, {c[0].call_id: c for c in calls}))
        await database.transaction(lambda one: derive_tickets(one, {c[0].call_id: c for c in calls}))


async def story(database: Database) -> tuple[Any, Any, Any]:
    return await database.transaction(lambda one: story_of(one, "acme", KNOWN))


async def test_f33_a_ticket_from_call_to_call(database: Database) -> None:
    await derive(database, call(VariableSet("client.name", "Иван"), TicketOpened(KNOWN, "шум")))
    row, acts, calls = await story(database)
    assert (row["state"], row["subject"], row["client"], row["caller"]) == ("open", "шум", "Иван", IVAN)
    assert ([one["what"] for one in acts], calls) == (["opened"], [CALL])

    await derive(database, call(TicketUsed(KNOWN), *TALK, call_id="cell1-2.1", at=AT + 60_000))
    row, acts, calls = await story(database)
    assert (row["state"], row["operator"]) == ("answered", "102")
    assert [one["what"] for one in acts] == ["opened", "called", "answered"]
    assert calls == [CALL, "cell1-2.1"]

    assert await database.transaction(lambda one: set_state(one, "acme", KNOWN, "closed", AT + 90_000, "eve"))
    assert not await database.transaction(lambda one: set_state(one, "acme", KNOWN, "closed", AT, "eve"))
    await derive(database, call(TicketUsed(KNOWN), *TALK, call_id="cell1-2.1", at=AT + 60_000))
    row, acts, _ = await story(database)
    assert (row["state"], len(acts)) == ("closed", 4), "derived again, it changes nothing"


async def test_f33_another_tenants_call_does_not_touch_it(database: Database) -> None:
    await derive(database, call(TicketOpened(KNOWN)))
    await derive(database, call(TicketUsed(KNOWN), *TALK, call_id="cell1-2.1", tenant="other"))
    row, _, calls = await story(database)
    assert (row["state"], calls) == ("open", [CALL])
    with pytest.raises(NoSuchTicket, match=f"tenant other has no ticket {KNOWN}"):
        await database.transaction(lambda one: ticket_of(one, "other", KNOWN))
    with pytest.raises(NoSuchTicket, match=r"tenant acme has no call cell1-2\.1"):
        await database.transaction(lambda one: link_call_by_hand(one, "acme", KNOWN, "cell1-2.1", AT, "eve"))


async def test_f33_by_hand(database: Database) -> None:
    await derive(database, call(TicketOpened(KNOWN)), call(call_id="cell1-3.1"))
    assert await database.transaction(
        lambda one: link_call_by_hand(one, "acme", KNOWN, "cell1-3.1", AT + 9000, "eve")
    )
    assert not await database.transaction(
        lambda one: link_call_by_hand(one, "acme", KNOWN, "cell1-3.1", AT + 9000, "eve")
    )
    await database.transaction(lambda one: add_note(one, "acme", KNOWN, "ждём запчасть", AT + 9500, "eve"))
    _, acts, calls = await story(database)
    assert [(one["what"], one["by"]) for one in acts[1:]] == [("linked", "eve"), ("note", "eve")]
    assert calls == [CALL, "cell1-3.1"]
    found = await database.transaction(lambda one: tickets_of(one, "acme", "open", IVAN, 10))
    assert [row["ticket"] for row in found] == [KNOWN]
    assert await database.transaction(lambda one: tickets_of(one, "acme", "closed", None, 10)) == []


async def test_f33_calls_see_what_is_done_within_a_second(database: Database, tmp_path: Path) -> None:
    tickets = LiveTickets(TicketNumbers(tmp_path))
    await derive(database, call(TicketOpened(KNOWN), *TALK))
    async with following_tickets(database, tickets) as until:
        await until(lambda: tickets.find("acme", KNOWN) == KnownTicket(KNOWN, "answered", "102"))
        await database.transaction(lambda one: set_state(one, "acme", KNOWN, "closed", AT, "eve"))
        assert await until(lambda: tickets.find("acme", KNOWN) == KnownTicket(KNOWN, "closed", "102")) < 1.0
        assert tickets.find("other", KNOWN) is None


async def test_f33_opened_by_another_system(database: Database, tmp_path: Path) -> None:
    tickets = LiveTickets(TicketNumbers(tmp_path))
    operations = ticket_operations(tickets, lambda: Directory.of([company()]), database, SystemClock())
    opened: Any = await operations["ticket.open"](
        tenant="acme", caller="8 903 111-22-33", subject="форма", by="site", sms=True, email="i@r.example"
    )
    assert is_ticket(opened["ticket"])
    assert tickets.find("acme", opened["ticket"]) is not None
    found: Any = await operations["ticket.find"](tenant="acme", ticket=opened["ticket"])
    assert (found["state"], found["caller"], found["subject"], found["calls"]) == ("open", IVAN, "форма", [])
    assert sorted(one["what"] for one in found["history"]) == ["opened", "told", "told"]
    json.dumps(found)
    async with database.read() as connection:
        texts = (await connection.execute(select(text_message).order_by(text_message.c.via))).all()
    assert [(one.via, one.recipient, one.state) for one in texts] == [
        ("email", "i@r.example", "waiting"),
        ("sms", IVAN, "waiting"),
    ]
    for wrong, message in (
        ({"tenant": "acne"}, "unknown tenant acne"),
        ({"tenant": "acme", "caller": "none"}, "'none' is no telephone number"),
        ({"tenant": "acme", "sms": True}, "needs `caller`"),
        ({"tenant": "acme", "sms": True, "caller": "8 495 123-45-68"}, "is no mobile's"),
        ({"tenant": "acme", "email": "x"}, "'x' is no e-mail address"),
    ):
        with pytest.raises((NotOpened, Unknown), match=message):
            await operations["ticket.open"](**wrong)
    with pytest.raises(NotOpened, match="its check digit is wrong"):
        await operations["ticket.find"](tenant="acme", ticket=MISTYPED)
    with pytest.raises(NoSuchTicket, match="tenant acme has no ticket"):
        await operations["ticket.find"](tenant="acme", ticket=with_check_digit(999))


async def test_f33_the_oldest_of_very_many_are_forgotten() -> None:
    tickets = LiveTickets(FirstTickets(), most=3)
    given = [await tickets.open("acme") for _ in range(5)]
    assert [tickets.find("acme", one) is not None for one in given] == [False, False, True, True, True]
