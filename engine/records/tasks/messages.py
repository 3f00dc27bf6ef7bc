"""Voice messages that become tasks: by their step's word, else by the tenant's rule.

A message is one when its sound has been looked at and kept, so silence never is a task.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, literal, select

from engine.directory.deadlines import applies
from engine.directory.directory import Directory, Tenant
from engine.directory.numbers import is_e164
from engine.journal.client_events import SurveyCommentAsked, TaskWanted
from engine.journal.events import CallStarted, Entry, in_order
from engine.journal.recording_events import MessageStarted
from engine.journal.writer import load_entries
from engine.records.tasks.model import NewTask
from engine.records.tasks.opening import open_task
from engine.records.tasks.severity import severity_of
from engine.store.service_tables import task
from engine.store.tables import voice_message

# Messages that were kept longer ago are not looked at any more.
LOOK_BACK_MS = 3 * 86_400_000
_MOST_AT_ONCE = 20


class Kept(NamedTuple):
    """A message of which there is no task; `left_at` is UTC milliseconds."""

    message: str
    call_id: str
    tenant: str
    mailbox: str
    caller: str
    caller_name: str
    left_at: int


def take_up(
    connection: Connection, now: int, directory: Callable[[], Directory], judged: Collection[str]
) -> tuple[list[int], set[str]]:
    """Open tasks for messages kept of late but those in `judged`: the new tasks' numbers, and the messages
    that become none. One of a tenant whose file cannot be read now is looked at again.
    """
    new = [one for one in _kept(connection, now) if one.message not in judged][:_MOST_AT_ONCE]
    calls = load_entries(connection, sorted({one.call_id for one in new})) if new else {}
    opened, none = [], set()
    for one in new:
        entries = calls.get(one.call_id, ())
        tenant = directory().tenant(one.tenant)
        severity = _severity(connection, one, entries, tenant)
        if severity is None:
            if tenant is not None:
                none.add(one.message)
            continue
        number = open_task(connection, one.tenant, tenant, _task(one, severity))
        opened += [] if number is None else [number]
    return opened, none


def asked_before(entries: Iterable[Entry], message: str) -> Sequence[TaskWanted | SurveyCommentAsked]:
    """What was journalled of this message before it was begun, and after the message before it. Pure."""
    found: list[TaskWanted | SurveyCommentAsked] = []
    for entry in in_order(list(entries)):
        event = entry.event
        if isinstance(event, MessageStarted):
            if event.file == message:
                return found
            found = []
        elif isinstance(event, SurveyCommentAsked) or (isinstance(event, TaskWanted) and not event.ticket):
            found.append(event)
    return []


def _severity(
    connection: Connection,
    one: Kept,
    entries: Collection[Entry],
    tenant: Tenant | None,
) -> int | None:
    """None: it is no task, or with a tenant of None nobody knows yet."""
    asked = asked_before(entries, one.message)
    for event in asked:
        if isinstance(event, TaskWanted):
            return event.severity
    rule = tenant.service.voicemail if tenant and tenant.service else None
    if asked or _is_colleagues(entries) or tenant is None or rule is None:
        return None
    if not applies(rule.when, tenant, one.left_at):
        return None
    return severity_of(connection, tenant, one.caller, rule.severity, one.call_id)


def _is_colleagues(entries: Iterable[Entry]) -> bool:
    """A colleague has left it."""
    return any(
        isinstance(entry.event, CallStarted) and entry.event.direction == "internal" for entry in entries
    )


def _task(one: Kept, severity: int) -> NewTask:
    return NewTask(
        f"message:{one.message}",
        "callback",
        severity,
        one.left_at,
        one.caller if is_e164(one.caller) else "",
        one.caller_name,
        call_id=one.call_id,
        message=one.message,
    )


def _kept(connection: Connection, now: int) -> list[Kept]:
    table = voice_message.c
    mine = (task.c.tenant == table.tenant) & (task.c.source == literal("message:") + table.message)
    rows = connection.execute(
        select(*(table[name] for name in Kept._fields))
        .outerjoin(task, mine)
        .where(table.state == "done", table.finished_at > now - LOOK_BACK_MS, task.c.number.is_(None))
        .order_by(table.left_at)
    )
    return [Kept._make(row) for row in rows]
