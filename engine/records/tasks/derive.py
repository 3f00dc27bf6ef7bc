"""From the journal: tasks of tickets and of missed calls, and talks that are a task's first answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from engine.directory.deadlines import applies, service_of
from engine.directory.directory import Directory, Tenant
from engine.directory.numbers import is_e164
from engine.directory.task_model import MissedRuleModel
from engine.journal.client_events import TaskWanted, TicketOpened, TicketUsed
from engine.journal.events import CallStarted, Entry, LegCreated, TalkStarted, in_order
from engine.journal.writer import load_entries
from engine.records.derive import caller_name
from engine.records.model import CallRecord
from engine.records.tasks.acts import answered_by_call, answered_by_incoming, answered_ticket
from engine.records.tasks.history import acts_of, note_act
from engine.records.tasks.model import NewTask, tasks_where
from engine.records.tasks.opening import open_task
from engine.records.tasks.severity import severity_of
from engine.store.service_tables import task

_MISSED = ("missed", "busy", "failed")


class TaskDerivers:
    """`directory()` is the tenants as their files are now. All may be called again for the same calls."""

    def __init__(self, directory: Callable[[], Directory]) -> None:
        self._directory = directory

    def tickets(self, connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
        """A deriver of ended calls: tickets whose step says that they are tasks; talks about tickets are the
        first answer.
        """
        for entries in calls.values():
            ordered = in_order(entries)
            started = _start(ordered)
            for new in _ticket_tasks(ordered, started) if started else ():
                assert started is not None
                tenant = self._directory().tenant(started.tenant)
                open_task(connection, started.tenant, tenant, new)
            for ticket, user, at in _talks_about(ordered):
                if started is not None:
                    call_id = ordered[0].call_id
                    answered_ticket(connection, started.tenant, ticket, user, at, call_id)

    def missed(self, connection: Connection, records: Sequence[CallRecord]) -> None:
        """A deriver of records: calls that nobody answered, by the tenant's rule. Who has called before, and
        waits to be rung for it, is not a second task.
        """
        for record in records:
            if record.direction != "in" or record.disposition not in _MISSED:
                continue
            tenant = self._directory().tenant(record.tenant)
            rule = tenant.service.missed if tenant and tenant.service else None
            if tenant is None or rule is None or not _is_missed(record, tenant, rule):
                continue
            if record.ticket and _left_task(connection, record):
                continue
            source = f"call:{record.call_id}"
            waiting = tasks_where(
                connection,
                task.c.tenant == record.tenant,
                task.c.caller == record.caller,
                task.c.kind == "missed",
                task.c.done_at.is_(None),
                task.c.answered_at.is_(None),
            )
            if waiting:
                _note_again(connection, waiting[0].tenant, waiting[0].number, record)
                continue
            new = NewTask(
                source,
                "missed",
                severity_of(connection, tenant, record.caller, rule.severity, record.call_id),
                record.started_at,
                record.caller,
                record.caller_name,
                call_id=record.call_id,
            )
            open_task(connection, record.tenant, tenant, new)

    def answers(self, connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
        """A deriver of calls in which people have begun to talk, ended or not."""
        for call_id, entries in calls.items():
            for tenant, talk in _talks_out(in_order(entries)):
                answered_by_call(connection, tenant, talk.number, talk.user, talk.at, call_id)
            for tenant, talk in _talks_in(in_order(entries)):
                company = self._directory().tenant(tenant)
                if company is None or service_of(company).answered_by_incoming:
                    answered_by_incoming(connection, tenant, talk.number, talk.user, talk.at, call_id)


def _start(ordered: Sequence[Entry]) -> CallStarted | None:
    return next((entry.event for entry in ordered if isinstance(entry.event, CallStarted)), None)


def _ticket_tasks(ordered: Sequence[Entry], started: CallStarted) -> Iterator[NewTask]:
    subjects = {
        entry.event.ticket: entry.event.subject for entry in ordered if isinstance(entry.event, TicketOpened)
    }
    for entry in ordered:
        wanted = entry.event
        if isinstance(wanted, TaskWanted) and wanted.ticket:
            yield NewTask(
                f"ticket:{wanted.ticket}",
                "ticket",
                wanted.severity,
                entry.at,
                started.caller,
                caller_name(ordered, started),
                subjects.get(wanted.ticket, ""),
                entry.call_id,
                ticket=wanted.ticket,
            )


def _talks_about(ordered: Sequence[Entry]) -> Iterator[tuple[str, str, int]]:
    """Ticket, user and time (UTC ms) of each talk after the call got a ticket, or its caller keyed one in."""
    users: dict[str, str] = {}
    ticket = ""
    for entry in ordered:
        match entry.event:
            case TicketOpened(ticket=number) | TicketUsed(ticket=number):
                ticket = number
            case LegCreated(leg=leg, user=user):
                users[leg] = user
            case TalkStarted(leg=leg) if ticket and users.get(leg):
                yield ticket, users[leg], entry.at


def _is_missed(record: CallRecord, tenant: Tenant, rule: MissedRuleModel) -> bool:
    return (
        is_e164(record.caller)
        and record.duration_ms >= rule.shortest * 1000
        and (not rule.queues or record.queue in rule.queues)
        and applies(rule.when, tenant, record.started_at)
    )


def _left_task(connection: Connection, record: CallRecord) -> bool:
    """Whether its ticket is a task, or becomes one: so the call need not be another."""
    mine = task.c.source == f"ticket:{record.ticket}"
    if tasks_where(connection, task.c.tenant == record.tenant, mine, task.c.done_at.is_(None)):
        return True
    entries = load_entries(connection, [record.call_id]).get(record.call_id, [])
    return any(isinstance(one.event, TaskWanted) and one.event.ticket == record.ticket for one in entries)


def _note_again(connection: Connection, tenant: str, number: int, record: CallRecord) -> None:
    opened = task.c.source == f"call:{record.call_id}"
    if tasks_where(connection, task.c.tenant == tenant, opened):
        return  # it is that call itself, derived again
    if not _has_act(connection, tenant, number, record.call_id):
        note_act(connection, tenant, number, "called_again", record.started_at, "", record.call_id)


def _has_act(connection: Connection, tenant: str, number: int, note: str) -> bool:
    return any(act.what == "called_again" and act.note == note for act in acts_of(connection, tenant, number))


class _Talk(NamedTuple):
    """A user talks with an outside number; `at` is UTC milliseconds."""

    at: int
    user: str
    number: str


def _talks_in(ordered: Sequence[Entry]) -> Iterator[tuple[str, _Talk]]:
    """Tenant and talk, of a call that came in: with its caller, not with whom he was passed on from."""
    started = _start(ordered)
    if started is None or started.direction != "in" or not started.tenant or not is_e164(started.caller):
        return
    users: dict[str, str] = {}
    for entry in ordered:
        match entry.event:
            case LegCreated(leg=leg, user=user):
                users[leg] = user
            case TalkStarted(leg=leg, party=party) if users.get(leg) and party in ("", entry.call_id):
                yield started.tenant, _Talk(entry.at, users[leg], started.caller)


def _talks_out(ordered: Sequence[Entry]) -> Iterator[tuple[str, _Talk]]:
    """The same of a call that did not come in."""
    started = _start(ordered)
    if started is None or started.direction == "in" or not started.tenant:
        return
    people = {ordered[0].call_id: (started.caller, started.callee)}
    for entry in ordered:
        event = entry.event
        if isinstance(event, LegCreated):
            people[event.leg] = (event.user, "" if event.user else event.number)
        elif isinstance(event, TalkStarted):
            sides = [people.get(leg, ("", "")) for leg in (event.leg, event.party or entry.call_id)]
            users = [user for user, _ in sides if user and not is_e164(user)]
            names = [name for side in sides for name in side]
            # The call's own channel is his who dialled, or of whom we rang: both of its names may be meant.
            for number in dict.fromkeys(name for name in names if is_e164(name)):
                if users:
                    yield started.tenant, _Talk(entry.at, users[0], number)
