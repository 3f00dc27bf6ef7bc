"""F37: mails about deadlines, in Russian and English."""

import pytest

from engine.directory.deadlines import Deadline
from engine.records.tasks.letters import letter
from tests.tasks.office import CLIENT, FRIDAY_NIGHT, at, directory
from tests.tasks.test_report import task

ONE = task(
    17,
    "2026-11-30 11:00",
    "2026-12-02 09:00",
    caller=CLIENT,
    caller_name="Иван\r\nBcc: x\0",
    subject="нет связи",
    opened_at=FRIDAY_NIGHT,
    taken_by="101",
    level=1,
)


def test_the_whole_letter() -> None:
    tenant = directory().tenants["romashka"]
    made = letter(ONE, "warning", "first_answer", tenant)
    assert made.subject == "Задача 17: подходит срок (первый ответ, до 30.11.2026 11:00)"
    assert made.text == (
        f"Кому звонить: Иван Bcc: x, {CLIENT}\n"
        "О чём: нет связи\n"
        "Срочность: 3\n"
        "Срок: первый ответ, 30.11.2026 11:00\n"
        "Поступила: 27.11.2026 20:00\n"
        "Взял в работу: 101 Анна Иванова\n"
        "\n-- \nООО «Ромашка»\n"
    )


@pytest.mark.parametrize(
    ("kind", "deadline", "subject"),
    [
        ("missed", "next_step", "Task 17: its deadline was missed (next step by 02 December 2026, 09:00)"),
        (
            "escalation",
            "first_answer",
            "Task 17: is on the second level now (first answer by 30 November 2026, 11:00)",
        ),
    ],
)
def test_in_english(kind: str, deadline: Deadline, subject: str) -> None:
    tenant = directory(language="en").tenants["romashka"]
    made = letter(ONE._replace(taken_by=None, subject=""), kind, deadline, tenant)
    assert made.subject == subject
    assert "About" not in made.text
    assert "Taken by: nobody" in made.text
    assert at("2026-11-30 11:00") == ONE.first_answer_by
