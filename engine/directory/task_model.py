"""`service` of a tenant's file: by when requests are answered, and what happens when they are not."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from engine.directory.client_model import PlanName
from engine.directory.fields import Extension, FileModel, Name, Seconds

_ALLOWANCE = re.compile(r"(\d+(?:\.\d+)?) ?(m|h)|(\d+) ?days?")
_PERCENT = re.compile(r"(\d{1,3}) ?%?")
_LONGEST_MINUTES, _MOST_DAYS = 90 * 24 * 60, 90
SEVERITIES = (1, 2, 3, 4, 5)


def milliseconds_or_days(text: str) -> tuple[int, int]:
    """`30m` and `2h` as (milliseconds, 0), `2 days` as (0, 2). Raises ValueError."""
    match = _ALLOWANCE.fullmatch(text.strip())
    if match and match[3] and 0 < int(match[3]) <= _MOST_DAYS:
        return 0, int(match[3])
    if match and match[1]:
        minutes = float(match[1]) * (60 if match[2] == "h" else 1)
        if 0 < minutes <= _LONGEST_MINUTES:
            return round(minutes * 60_000), 0
    raise ValueError(
        f"{text!r} is no time for a deadline, expected 30m, 2h or 2 days of the calendar, up to {_MOST_DAYS}"
    )


def _allowance(value: str) -> str:
    milliseconds_or_days(value)
    return value


def _percent(value: Any) -> Any:
    """`80%` or 80; 0.8 is refused, as it could mean either."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    match = _PERCENT.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= 100:
        raise ValueError(f"{value!r} is no share, expected 1% to 100%")
    return int(match[1])


Allowance = Annotated[
    str,
    AfterValidator(_allowance),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)? ?(m|h)|\d+ ?days?)$"}),
]
Percent = Annotated[
    int,
    BeforeValidator(_percent),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\d{1,3} ?%?$"}),
]
Severity = Annotated[int, Field(ge=1, le=5)]
When = Literal["closed", "open", "always"]


class SeverityModel(FileModel):
    """How soon requests of one severity are answered and the next step is made, both from the request on."""

    first_answer: Allowance = Field(description="time to the first answer: `30m`, `2h`, `2 days`")
    next_step: Allowance = Field(description="time to the next step")
    hours: Literal["calendar", "always"] = Field(
        "calendar",
        description="`always`: counted day and night, a day being 24 hours; else by the open times of "
        "`calendar`, a day being a day on which it is open",
    )


DEFAULT_SEVERITIES: Mapping[int, SeverityModel] = {
    1: SeverityModel(first_answer="1h", next_step="4h", hours="always"),
    2: SeverityModel(first_answer="1h", next_step="4h", hours="always"),
    3: SeverityModel(first_answer="2h", next_step="2 days"),
    4: SeverityModel(first_answer="1 day", next_step="1 day"),
    5: SeverityModel(first_answer="1 day", next_step="1 day"),
}


class TaskRuleModel(FileModel):
    """Which of what callers leave becomes a task."""

    severity: Severity = Field(3, description="of the task: 1, the most urgent, to 5")
    when: When = Field(
        "closed", description="`closed`: only what comes while `calendar` is closed; `open`; or `always`"
    )


class MissedRuleModel(TaskRuleModel):
    """Which calls that nobody answered become a task to ring back."""

    when: When = Field("always", description="`closed`, `open` or `always`, by `calendar`")
    shortest: Seconds = Field(10.0, description="callers who hung up sooner are not rung back")
    queues: list[Name] = Field(
        default_factory=list, description="only callers who waited in these queues; left out: all calls"
    )


class EscalateModel(FileModel):
    """The second level: who gets tasks whose deadline is near or missed."""

    members: list[Extension] = Field(min_length=1, description="extensions of those on the second level")
    at: Percent = Field(100, description='share of a deadline\'s time after which it goes there: `"100%"`')
    severities: list[Severity] = Field(
        default=[1, 2, 3], min_length=1, description="which tasks go there by themselves"
    )


class ServiceModel(FileModel):
    """Deadlines of requests, counted on the line's own working calendar."""

    calendar: Name | None = Field(
        None, description="one of `schedules`; left out: open around the clock, every day"
    )
    severities: dict[Severity, SeverityModel] = Field(
        default_factory=dict,
        description="those that differ from: 1 and 2: `1h` and `4h`, always; 3: `2h` and `2 days`; "
        "4 and 5: `1 day`",
    )
    severity_by_plan: dict[PlanName, Severity] = Field(
        default_factory=dict,
        description="of tasks of clients with these `plans`, instead of that of `voicemail` and `missed`: "
        "`{gold: 1}`",
    )
    severity_by_priority: dict[Severity, Severity] = Field(
        default_factory=dict,
        description="the same by the client's priority, his own or his plan's: `{1: 2}`; of the two the more "
        "urgent one counts",
    )
    answered_by_incoming: bool = Field(
        True,
        description="a talk in a call that the task's number makes itself, before its first deadline, is the "
        "first answer; of tickets only one about the ticket is",
    )
    voicemail: TaskRuleModel | None = Field(
        TaskRuleModel(), description="voice messages that become tasks to ring back; null: none"
    )
    missed: MissedRuleModel | None = Field(
        None, description="missed calls that become tasks to ring back; left out: none"
    )
    warn: Percent = Field(80, description='warn when so much of a deadline\'s time has passed: `"80%"`')
    escalate: EscalateModel | None = Field(None, description="left out: there is no second level")
    email: list[Extension] = Field(
        default_factory=list,
        description="users who are told by e-mail of deadlines that are near or missed; the second level is "
        "told of what comes to it",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for severity, rule in self.severities.items():
            (answer_ms, answer_days), (step_ms, step_days) = (
                milliseconds_or_days(text) for text in (rule.first_answer, rule.next_step)
            )
            same_kind = bool(answer_days) == bool(step_days)
            if same_kind and (answer_ms, answer_days) > (step_ms, step_days):
                raise ValueError(
                    f"severity {severity}: the next step ({rule.next_step}) is due before the first answer "
                    f"({rule.first_answer}), expected it at the same time or later"
                )
        return self

    def severity(self, number: int) -> SeverityModel:
        """The rule of a severity, as written or as it is by default."""
        return self.severities.get(number) or DEFAULT_SEVERITIES[number]
