"""The events that other systems can be told of. A kind and its fields are a promise: only ever added to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class NoticeKind(NamedTuple):
    """`about` says when it is sent, `fields` what its `data` holds; `example` is one such `data`."""

    about: str
    fields: Mapping[str, str]
    example: Mapping[str, object]


_TASK_FIELDS = {
    "task": "the task's number",
    "task_kind": "`callback`, `ticket`, `missed` or `other`",
    "severity": "1, the most urgent, to 5",
    "deadline": "`first_answer` or `next_step`",
    "due_at": "when that deadline is, UTC",
    "caller": "the number to ring; may be empty",
    "caller_name": "as it is known; may be empty",
    "subject": "what it is about; may be empty",
    "ticket": "its ticket's number, or null",
    "taken_by": "the extension or login of whoever has taken it, or null",
    "level": "of support: 1, or 2 after an escalation",
}
_TASK_EXAMPLE = {
    "task": 17,
    "task_kind": "callback",
    "severity": 3,
    "deadline": "first_answer",
    "due_at": "2026-11-23T08:00:00.000Z",
    "caller": "+79031112233",
    "caller_name": "Иван Петров",
    "subject": "",
    "ticket": None,
    "taken_by": None,
    "level": 1,
}

KINDS: Mapping[str, NoticeKind] = MappingProxyType(
    {
        "task.warning": NoticeKind(
            "a task's deadline is near: so much of its time has passed as `service.warn` says",
            _TASK_FIELDS,
            _TASK_EXAMPLE,
        ),
        "task.missed": NoticeKind(
            "a task's deadline has passed and nothing was done", _TASK_FIELDS, _TASK_EXAMPLE
        ),
        "task.escalated": NoticeKind(
            "a task went to the second level, by the rule or by hand",
            {
                **_TASK_FIELDS,
                "members": "extensions of the second level",
                "by": "who did it; empty: the rule",
            },
            {**_TASK_EXAMPLE, "level": 2, "members": ["103"], "by": ""},
        ),
        "ticket.opened": NoticeKind(
            "a request got its ticket number",
            {
                "ticket": "the number",
                "caller": "whose it is; may be empty",
                "subject": "what it is about; may be empty",
                "call_id": "the call that it was opened in; empty: none",
            },
            {
                "ticket": "1007",
                "caller": "+79031112233",
                "subject": "Не работает интернет",
                "call_id": "cell1-1763800000.12",
            },
        ),
        "callback.failed": NoticeKind(
            "a caller could not be rung back, or at the time that he had booked, and is not tried again",
            {
                "callback": "what it is called in lists, of callbacks or of bookings",
                "number": "that was rung",
                "queue": "whose turn it was; empty: none",
                "attempts": "how often he was rung",
                "reason": "why it was given up; `missed`: nobody was rung within the booked time",
            },
            {
                "callback": "cell1-1763800000.12.callback",
                "number": "+79031112233",
                "queue": "sales",
                "attempts": 3,
                "reason": "no_answer",
            },
        ),
        "form.filled": NoticeKind(
            "whoever answered a call has filled in the form of `answering`; each change is one more",
            {
                "form": "what it is called in lists",
                "call_id": "the call",
                "caller": "his number; may be empty",
                "caller_name": "as it is known; may be empty",
                "number": "that was called",
                "filled_by": "an extension, or a secretary: `pult/201`",
                "values": "texts and numbers by the form's fields",
            },
            {
                "form": "cell1-1763800000.12.form.1763800060000",
                "call_id": "cell1-1763800000.12",
                "caller": "+79031112233",
                "caller_name": "Иван Петров",
                "number": "+74951234567",
                "filled_by": "pult/201",
                "values": {"topic": "Заказ", "message": "Перезвоните после обеда"},
            },
        ),
        "heavy_user.crossed": NoticeKind(
            "a client has used more than a rule for heavy users allows",
            {
                "client": "its name in the tenant's file",
                "company": "as it is written there",
                "rule": "the rule's name",
                "calls": "how many within the rule's time",
                "seconds": "how long they took together, wrap-up counted in",
                "since": "when the rule's time began, UTC",
            },
            {
                "client": "vektor",
                "company": "ООО «Вектор»",
                "rule": "week",
                "calls": 6,
                "seconds": 3720,
                "since": "2026-11-16T09:00:00.000Z",
            },
        ),
        "rating.low": NoticeKind(
            "a caller gave a low mark",
            {
                "call_id": "the call",
                "question": "the survey's name of it",
                "mark": "1 is the lowest",
                "operator": "who talked with him last; null: nobody",
                "queue": "that he had waited in; null: none",
                "caller": "his number; may be empty",
                "comment": "name of the voice message that he spoke about it, or null",
            },
            {
                "call_id": "cell1-1763800000.12",
                "question": "overall",
                "mark": 2,
                "operator": "101",
                "queue": "sales",
                "caller": "+79031112233",
                "comment": "cell1-1763800000.12.message.1",
            },
        ),
    }
)
TEST = "test"  # what `vats webhook test` sends; every receiver gets it
