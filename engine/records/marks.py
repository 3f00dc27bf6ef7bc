"""Marks that callers gave (F38): with whom they had talked, and what they said about a low one."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from engine.journal.client_events import SurveyAnswered, SurveyCommentAsked
from engine.journal.events import CallStarted, Entry, LegCreated, TalkStarted, VariableSet
from engine.journal.queue_events import QueueEntered
from engine.journal.recording_events import MessageDropped, MessageStarted
from engine.records.notices import emit
from engine.store.rows import upsert
from engine.store.tables import survey_answer

Row = dict[str, object]

_ANSWERS = upsert(survey_answer)


def derive_marks(connection: Connection, calls: Mapping[str, tuple[CallStarted, Sequence[Entry]]]) -> None:
    """Write the marks of these calls, whose events are in order, and tell of low ones. Again does no harm."""
    rows: list[Row] = []
    for started, ordered in calls.values():
        found = mark_rows(ordered, started)
        rows += found
        for row in _low(ordered, found):
            data = {
                "call_id": row["call_id"],
                "question": row["question"],
                "mark": row["mark"],
                "operator": row["operator"],
                "queue": row["queue"],
                "caller": started.caller,
                "comment": row["comment"],
            }
            key, at = f"{row['call_id']}.{row['visit']}.{row['question']}", row["answered_at"]
            assert isinstance(at, int)
            emit(connection, started.tenant, "rating.low", key, at, data)
    _ANSWERS.run(connection, rows)


def mark_rows(ordered: Sequence[Entry], started: CallStarted) -> list[Row]:
    """Rows of `survey_answer`: of a question that was answered twice in one visit the last mark. Pure.

    The operator is who talked with the caller last before the mark, also after transfers.
    """
    rows: dict[tuple[str, str], Row] = {}
    people: dict[str, str] = {}
    operator: str | None = None
    talked = False
    queue: str | None = None
    for entry in ordered:
        match entry.event:
            case LegCreated(leg=leg, user=user, number=number):
                people[leg] = user or number
            case TalkStarted(leg=leg) if people.get(leg):
                operator, talked = people[leg], True
            case VariableSet(name="operator", value=value) if not talked:
                operator = str(value)  # of a call whose talk another process journalled
            case QueueEntered(queue=entered):
                queue = entered
            case SurveyAnswered(question=question, mark=mark, visit=visit):
                rows[visit, question] = {
                    "call_id": entry.call_id,
                    "visit": visit,
                    "question": question,
                    "tenant": started.tenant,
                    "mark": mark,
                    "operator": operator,
                    "answered_at": entry.at,
                    "queue": queue,
                    "comment": None,
                }
    lows = _low_keys(ordered)
    for visit, message in _comments(ordered):
        for key, row in rows.items():
            if key[0] == visit and key in lows:
                row["comment"] = message
    return list(rows.values())


def _low_keys(ordered: Sequence[Entry]) -> set[tuple[str, str]]:
    last: dict[tuple[str, str], bool] = {}
    for entry in ordered:
        if isinstance(entry.event, SurveyAnswered):
            last[entry.event.visit, entry.event.question] = entry.event.low
    return {key for key, low in last.items() if low}


def _low(ordered: Sequence[Entry], rows: Sequence[Row]) -> list[Row]:
    lows = _low_keys(ordered)
    return [row for row in rows if (row["visit"], row["question"]) in lows]


def _comments(ordered: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Visit of the survey, and the message that the caller left about it."""
    dropped = {entry.event.file for entry in ordered if isinstance(entry.event, MessageDropped)}
    visit: str | None = None
    for entry in ordered:
        if isinstance(entry.event, SurveyCommentAsked):
            visit = entry.event.visit
        elif isinstance(entry.event, MessageStarted) and visit is not None:
            if entry.event.file not in dropped:
                yield visit, entry.event.file
            visit = None
