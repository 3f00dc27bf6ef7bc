"""What people are told by e-mail of a task's deadline, in the tenant's language. Pure."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.directory.deadlines import Deadline
from engine.directory.directory import Tenant
from engine.records.tasks.model import Task


class Letter(NamedTuple):
    """One line, and the text."""

    subject: str
    text: str


class _Words(NamedTuple):
    subjects: dict[str, str]
    deadlines: dict[str, str]
    rows: tuple[str, str, str, str, str, str]
    nobody: str
    clock: str


_WORDS = {
    "ru": _Words(
        {
            "warning": "Задача {number}: подходит срок ({deadline}, до {due})",
            "missed": "Задача {number}: срок пропущен ({deadline}, до {due})",
            "escalation": "Задача {number}: передана на вторую линию ({deadline}, до {due})",
        },
        {"first_answer": "первый ответ", "next_step": "следующий шаг"},
        ("Кому звонить", "О чём", "Срочность", "Срок", "Поступила", "Взял в работу"),
        "никто",
        "%d.%m.%Y %H:%M",
    ),
    "en": _Words(
        {
            "warning": "Task {number}: its deadline is near ({deadline} by {due})",
            "missed": "Task {number}: its deadline was missed ({deadline} by {due})",
            "escalation": "Task {number}: is on the second level now ({deadline} by {due})",
        },
        {"first_answer": "first answer", "next_step": "next step"},
        ("Whom to ring", "About", "Severity", "Due", "Opened", "Taken by"),
        "nobody",
        "%d %B %Y, %H:%M",
    ),
}


def letter(found: Task, kind: str, deadline: Deadline, tenant: Tenant) -> Letter:
    """`kind` is `warning`, `missed` or `escalation`; times are the tenant's own."""
    words = _WORDS.get(tenant.language, _WORDS["en"])
    zone = ZoneInfo(tenant.timezone)

    def shown(at: int) -> str:
        return datetime.fromtimestamp(at / 1000, zone).strftime(words.clock)

    due, what = shown(found.due(deadline)), words.deadlines[deadline]
    taker = tenant.users.get(found.taken_by or "")
    whom = ", ".join(filter(None, (_line(found.caller_name), found.caller)))
    values = (
        whom,
        _line(found.subject),
        str(found.severity),
        f"{what}, {due}",
        shown(found.opened_at),
        f"{found.taken_by} {taker.name}" if taker else found.taken_by or words.nobody,
    )
    lines = [f"{name}: {value}" for name, value in zip(words.rows, values, strict=True) if value]
    subject = words.subjects[kind].format(number=found.number, deadline=what, due=due)
    return Letter(subject, "\n".join(lines) + f"\n\n-- \n{_line(tenant.title)}\n")


def _line(text: str) -> str:
    """What strangers send, as one printable line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]
