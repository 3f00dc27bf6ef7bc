"""Forms of calls as rows, derived from the journal; each is sent to its tenant by mail and as a notice."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, case, or_, select

from engine.journal.events import Entry
from engine.journal.form_events import FormFilled
from engine.records import text_outbox
from engine.records.notices import emit
from engine.records.query import iso
from engine.store.form_tables import call_form
from engine.store.rows import upsert
from engine.store.tables import call, leg
from engine.switch.channel_ids import PLACED_MARK

_ROWS = upsert(call_form)


def derive_forms(connection: Connection, streams: Mapping[str, Sequence[Entry]]) -> None:
    """A stream deriver of the journal's writer; again does no harm. Database errors pass through."""
    found = [
        (entries[0], entries[0].event)
        for entries in streams.values()
        if isinstance(entries[0].event, FormFilled)
    ]
    _ROWS.run(connection, [_row(entry, filled) for entry, filled in found])
    for entry, filled in found:
        data = {
            "form": entry.call_id,
            "call_id": filled.call,
            "caller": filled.caller,
            "caller_name": filled.caller_name,
            "number": filled.number,
            "filled_by": filled.by,
            "values": json.loads(filled.values),
        }
        emit(connection, filled.tenant, "form.filled", entry.call_id, entry.at, data)
        subject, text = letter(filled)
        for index, to in enumerate(filled.mail.split(), 1):
            message = f"{entry.call_id}.mail.{index}"
            text_outbox.put(
                connection,
                text_outbox.Text(
                    message, filled.tenant, "email", to, _clean(subject), _clean(text), entry.at
                ),
            )


def letter(filled: FormFilled) -> tuple[str, str]:
    """Subject and text of the mail that the tenant gets, in its language. Pure."""
    russian = filled.language == "ru"
    who = ", ".join(one for one in (filled.caller_name, filled.caller) if one)
    who = who or ("номер скрыт" if russian else "number withheld")
    subject = f"Сообщение о звонке: {who}" if russian else f"Message about a call: {who}"
    about = [
        ("Звонил" if russian else "Caller", who),
        ("На номер" if russian else "Number called", filled.number),
        ("Ответил" if russian else "Answered by", filled.by),
        ("Звонок" if russian else "Call", filled.call),
    ]
    labels, values = json.loads(filled.labels or "{}"), json.loads(filled.values)
    lines = [f"{labels.get(name, name)}: {value}" for name, value in values.items()]
    told = [f"{label}: {value}" for label, value in about if value]
    return subject, "\n".join([filled.title, "", *lines, "", *told])


def forms_of(
    connection: Connection, *, tenant: str | None = None, call_id: str | None = None, limit: int = 50
) -> list[dict[str, object]]:
    """The newest forms, the oldest of them first; `version` counts those of one call from 1."""
    mine = call_form.c
    statement = select(call_form)
    if tenant is not None:
        statement = statement.where(mine.tenant == tenant)
    if call_id is not None:
        statement = statement.where(mine.call_id == call_id)
    newest = connection.execute(statement.order_by(mine.filled_at.desc(), mine.form.desc()).limit(limit))
    rows = list(reversed(newest.mappings().all()))
    calls = {row["call_id"] for row in rows}
    every = connection.execute(
        select(mine.call_id, mine.form).where(mine.call_id.in_(calls)).order_by(mine.filled_at, mine.form)
    )
    forms: dict[str, list[str]] = {}
    for of_call, form in every:
        forms.setdefault(of_call, []).append(form)
    return [
        {
            "form": row["form"],
            "call_id": row["call_id"],
            "version": forms[row["call_id"]].index(row["form"]) + 1,
            "tenant": row["tenant"],
            "caller": row["caller"],
            "caller_name": row["caller_name"],
            "number": row["number"],
            "filled_at": iso(row["filled_at"]),
            "filled_by": row["filled_by"],
            "labels": json.loads(row["labels"]),
            "values": json.loads(row["form_values"]),
        }
        for row in rows
    ]


def answered_calls(
    connection: Connection, *, tenant: str, extension: str, since: int, call_id: str = ""
) -> list[dict[str, str]]:
    """Calls that ended after `since` (UTC ms) in which this user of `tenant`, or with "" anybody, answered:
    as one of the tenant's people or as a secretary of another's. The newest first.
    """
    name = f"{tenant}/{extension}"
    # Rung first for a callback, a secretary is its caller; whoever is rung back is the callee.
    # What she dials within the company herself is a call of hers, with nothing to fill in.
    placed = call.c.call_id.contains(PLACED_MARK, autoescape=True)
    first = and_(call.c.direction != "in", call.c.caller == name, placed)
    rung = and_(leg.c.role != "caller", leg.c.extension != "", leg.c.answered_at.is_not(None))
    conditions = [call.c.ended_at >= since, call.c.answered_at.is_not(None), or_(rung, first)]
    if call_id:
        conditions.append(call.c.call_id == call_id)
    if extension:
        own = and_(call.c.tenant == tenant, leg.c.extension == extension)
        conditions.append(or_(own, leg.c.extension == name, first))
    back = call.c.direction != "in"
    by = case((first, call.c.caller), else_=leg.c.extension).label("by")
    who = case((back, call.c.callee), else_=call.c.caller).label("caller")
    known_as = case((back, ""), else_=call.c.caller_name).label("caller_name")
    rows = connection.execute(
        select(call.c.call_id, call.c.tenant, who, known_as, call.c.number, by)
        .outerjoin(leg, leg.c.call_id == call.c.call_id)
        .where(*conditions)
        .order_by(call.c.ended_at.desc(), call.c.call_id, leg.c.answered_at)
    )
    found = {row.call_id: {name: str(value) for name, value in row._mapping.items()} for row in rows}
    return list(found.values())


def _row(entry: Entry, filled: FormFilled) -> dict[str, object]:
    return {
        "form": entry.call_id,
        "call_id": filled.call,
        "tenant": filled.tenant,
        "caller": _clean(filled.caller),
        "caller_name": _clean(filled.caller_name),
        "number": _clean(filled.number),
        "filled_at": entry.at,
        "filled_by": filled.by,
        "labels": filled.labels or "{}",
        "form_values": filled.values,
    }


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL in texts, and phones may send it."""
    return text.replace("\0", "")
