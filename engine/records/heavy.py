"""Heavy users (F39): found as calls end, told once each time that somebody crosses a rule's limits.

A rule counts the calls to a tenant that ended within its window, up to and including the one that has just
ended; to their time comes that of calls by which he was rung back, for an order or after a talk that was cut
off. It is crossed by the call that brings it above its limits when it was not above them just before: so
nothing need be remembered but the calls themselves, and somebody who fell below crosses it anew.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from engine.directory.clients import Client
from engine.directory.directory import Directory, Tenant, User
from engine.directory.heavy_model import HeavyUsersModel
from engine.journal.events import CallEnded, CallStarted, Entry, in_order
from engine.records.clients import client_by_number, numbers_of_company
from engine.records.notices import emit
from engine.records.query import iso
from engine.records.text_outbox import Text, put
from engine.store.callback_tables import callback_attempt
from engine.store.client_tables import heavy_user
from engine.store.tables import call

_OF = call.c
_LONGEST_CALL_MS = 4 * 3_600_000
_UNITS = ((86_400, "дн.", "days"), (3600, "ч.", "hours"), (60, "мин.", "minutes"))


class Used(NamedTuple):
    """So many calls, and how long they took together, milliseconds."""

    calls: int
    time_ms: int


class Subject(NamedTuple):
    """Whose calls are counted together: its name, its numbers, and who called."""

    name: str
    numbers: tuple[str, ...]
    client: Client | None


class HeavyUsers:
    """A deriver of the journal's writer, to come after that of the records."""

    def __init__(self, directory: Callable[[], Directory]) -> None:
        self._directory = directory

    def derive(self, connection: Connection, calls: Mapping[str, Sequence[Entry]]) -> None:
        """Look at the calls that have ended. Database errors pass through."""
        directory: Directory | None = None
        for call_id, entries in calls.items():
            ordered = in_order(entries)
            started = next((one.event for one in ordered if isinstance(one.event, CallStarted)), None)
            number = _number_of(started) if started is not None else ""
            if started is None or not number:
                continue
            if not any(isinstance(one.event, CallEnded) for one in ordered):
                continue
            directory = directory or self._directory()
            tenant = directory.tenant(started.tenant)
            if tenant is not None and tenant.heavy_users:
                _look(connection, tenant, call_id, number)


def _number_of(started: CallStarted) -> str:
    """Who is served in this call: its caller, or whom it rings back; "" for other calls."""
    if started.direction == "in":
        return started.caller
    return started.callee if started.callback or started.continues else ""


def crossings(connection: Connection, tenant: str | None, limit: int) -> Sequence[RowMapping]:
    """When who crossed which rule: the newest so many, the oldest of them first."""
    statement = select(heavy_user).order_by(heavy_user.c.crossed_at.desc()).limit(limit)
    if tenant is not None:
        statement = statement.where(heavy_user.c.tenant == tenant)
    return connection.execute(statement).mappings().all()[::-1]


def is_above(rule: HeavyUsersModel, used: Used) -> bool:
    """Whether all limits of the rule are exceeded."""
    calls = rule.calls is None or used.calls > rule.calls
    return calls and (rule.time is None or used.time_ms > round(rule.time * 1000))


def subject_of(connection: Connection, tenant: Tenant, rule: HeavyUsersModel, caller: str) -> Subject | None:
    """Whose calls count together with this caller's; None where the rule is not about him."""
    client = tenant.file_clients.by_number.get(caller) or client_by_number(connection, tenant.name, caller)
    if client is not None:
        client = tenant.file_clients.by_key.get(client.key, client)
    if rule.per == "number":
        return Subject(caller, (caller,), client)
    if client is None:
        return None
    if rule.per == "client" or not client.company:
        return Subject(client.key, tuple(dict.fromkeys([caller, *client.numbers])), client)
    of_file = [
        number
        for one in tenant.file_clients.by_key.values()
        if one.company == client.company
        for number in one.numbers
    ]
    imported = numbers_of_company(connection, tenant.name, client.company)
    return Subject(client.company, tuple(dict.fromkeys([caller, *of_file, *imported])), client)


def _look(connection: Connection, tenant: Tenant, call_id: str, caller: str) -> None:
    ended_at = connection.scalar(select(_OF.ended_at).where(_OF.call_id == call_id))
    if ended_at is None:
        return
    for name, rule in tenant.heavy_users.items():
        subject = subject_of(connection, tenant, rule, caller)
        if subject is None:
            continue
        since = ended_at - round(rule.window * 1000)
        before, used = _used(connection, tenant, rule, subject.numbers, since, ended_at, call_id)
        if is_above(rule, used) and not is_above(rule, before):
            _crossed(connection, tenant, name, rule, subject, call_id, ended_at, since, used)


def _used(
    connection: Connection,
    tenant: Tenant,
    rule: HeavyUsersModel,
    numbers: Sequence[str],
    since: int,
    until: int,
    call_id: str,
) -> tuple[Used, Used]:
    """Without the call, and with it."""
    within = (_OF.tenant == tenant.name, _OF.ended_at > since, _OF.ended_at <= until)
    columns = select(_OF.call_id, _OF.queue, _OF.talk_ms, _OF.direction)
    tried = select(callback_attempt.c.call_id).where(callback_attempt.c.call_id == _OF.call_id)
    back = or_(_OF.continues.is_not(None), tried.exists())
    came = columns.where(*within, _OF.direction == "in", _OF.caller.in_(numbers))
    # Found by their beginning, of which there is an index.
    placed = columns.where(
        *within,
        _OF.started_at > since - _LONGEST_CALL_MS,
        _OF.direction == "out",
        _OF.callee.in_(numbers),
        back,
    )
    rows = [*connection.execute(came), *connection.execute(placed)]
    before = [row for row in rows if row[0] != call_id]
    return _sum(tenant, rule, before), _sum(tenant, rule, rows)


def _sum(tenant: Tenant, rule: HeavyUsersModel, rows: Sequence[Any]) -> Used:
    calls = sum(row[3] == "in" for row in rows)
    return Used(calls, sum(_time_ms(tenant, rule, row[1], row[2]) for row in rows))


def _time_ms(tenant: Tenant, rule: HeavyUsersModel, queue: str | None, talk_ms: int) -> int:
    """Talk, and what it takes an operator afterwards."""
    settings = tenant.queues.get(queue or "")
    if not rule.wrap_up_counts or not talk_ms or settings is None or not settings.wrap_up:
        return talk_ms
    return talk_ms + round(settings.wrap_up * 1000)


def _crossed(
    connection: Connection,
    tenant: Tenant,
    name: str,
    rule: HeavyUsersModel,
    subject: Subject,
    call_id: str,
    at: int,
    since: int,
    used: Used,
) -> None:
    """Write it down and tell, once. Where a later call has been found to cross it, this one came late."""
    of = heavy_user.c
    later = select(func.count()).where(
        of.tenant == tenant.name,
        of.rule == name,
        of.subject == subject.name,
        of.crossed_at > at,
        of.crossed_at <= at + (at - since),
    )
    if connection.scalar(later):
        return
    row = {
        "tenant": tenant.name,
        "rule": name,
        "subject": subject.name,
        "call_id": call_id,
        "client": subject.client.key if subject.client else None,
        "crossed_at": at,
        "since": since,
        "calls": used.calls,
        "time_ms": used.time_ms,
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    if not connection.execute(insert(heavy_user).values(row).on_conflict_do_nothing()).rowcount:
        return
    if "event" in rule.notify:
        data = {
            "client": subject.client.key if subject.client else subject.name,
            "company": subject.client.company if subject.client else "",
            "rule": name,
            "calls": used.calls,
            "seconds": used.time_ms // 1000,
            "since": iso(since),
        }
        emit(connection, tenant.name, "heavy_user.crossed", f"{name}.{subject.name}.{call_id}", at, data)
    if "email" in rule.notify:
        _write(connection, tenant, name, rule, subject, call_id, at, used)


def _write(
    connection: Connection,
    tenant: Tenant,
    name: str,
    rule: HeavyUsersModel,
    subject: Subject,
    call_id: str,
    at: int,
    used: Used,
) -> None:
    manager = _manager(tenant, subject.client)
    to = rule.email or (manager.email if manager else "")
    if to:
        title, text = told(tenant.language, subject.name, used, rule)
        put(connection, Text(f"{call_id}.heavy.{name}", tenant.name, "email", to, title, text, at))


def _manager(tenant: Tenant, client: Client | None) -> User | None:
    """The client's specialist, else that of somebody of his company."""
    if client is None:
        return None
    company = [one for one in tenant.file_clients.by_key.values() if client.company == one.company != ""]
    known = (tenant.users.get(one.specialist) for one in (client, *company))
    return next((user for user in known if user is not None), None)


def told(language: str, who: str, used: Used, rule: HeavyUsersModel) -> tuple[str, str]:
    """Subject and text of the letter to his manager."""
    minutes = used.time_ms // 60_000
    size, russian, english = next((unit for unit in _UNITS if rule.window >= unit[0]), _UNITS[-1])
    window = f"{round(rule.window / size, 1):g}"
    if language == "ru":
        text = f"{who}: за последние {window} {russian} звонков — {used.calls}, всего {minutes} мин."
        return f"Много звонков: {who}", text
    text = f"{who}: {used.calls} calls within {window} {english}, {minutes} minutes in all."
    return f"Many calls: {who}", text
