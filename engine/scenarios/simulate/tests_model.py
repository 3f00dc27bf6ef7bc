"""`ivr_scenarios/TENANT/tests.yaml`: calls that are tried whenever the scenarios are checked."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from engine.directory.fields import FileModel, Name, Seconds
from engine.records.model import Disposition
from engine.scenarios.simulate.lengths import SecondsOrNone
from engine.scenarios.simulate.outside import Answer
from engine.scenarios.simulate.people import ANSWERS_AFTER_S
from engine.scenarios.simulate.setting import MESSAGE_S, STRANGER, TALK_S

# A Monday morning, so that a test means the same every day.
MORNING = "2026-11-23T10:00"


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _some(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number"]})]
Exits = Annotated[
    tuple[str, ...],
    BeforeValidator(_some),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class ExpectModel(FileModel):
    """What must come of the call. What is left out may be anything."""

    steps: tuple[str, ...] | None = Field(
        default=None, description="the steps taken, all of them and in their order"
    )
    exit_of: dict[str, Exits] = Field(
        default_factory=dict,
        description="by step, the exit by which it was left last; a list: by its last visits, in order. "
        "`on_error` is that of a step that failed",
    )
    heard: tuple[str, ...] = Field(
        default=(),
        description="what is heard, in this order, other things between: a recording's name, or some of the "
        "words",
    )
    not_heard: tuple[str, ...] = Field(default=(), description="what must not be heard, written alike")
    talks_with: Text | None = Field(
        default=None, description="extension or number that talked with the caller first; `nobody`"
    )
    ends: Literal["hangup", "caller", "operator", "engine", "loop"] | None = Field(
        default=None,
        description="`hangup`: the scenario came to its end, which may be after a talk; `operator`: the "
        "operator hung up and nothing followed; `engine`: nobody but the scenario ended it; `caller`: the "
        "caller hung up; `loop`: it would never end",
    )
    disposition: Disposition | None = Field(default=None, description="what the call record says")
    variables: dict[str, bool | int | float | str | None] = Field(
        default_factory=dict, description="variables as they are at the end, by name"
    )


class TestModel(FileModel):
    """One call, and what must come of it."""

    __test__ = False  # not one of pytest's

    name: str = Field(min_length=1, description="what is tried, as messages call it")
    scenario: Name = Field(description="the scenario that the call runs")
    caller: Text = Field(
        default=STRANGER, description='who calls: a number, a user\'s extension, or "" for a withheld number'
    )
    number: Text | None = Field(
        default=None, description="the number that is called; left out: the first that leads to the scenario"
    )
    at: Text = Field(default=MORNING, description="when, by the clock of the tenant's time zone")
    keys: Text = Field(
        default="",
        description='what the caller keys in: `"1 w6 101"` is a 1 when he is asked, and 6 s later 1 0 1; `h` '
        "hangs up",
    )
    people: dict[Text, str] = Field(
        default_factory=dict,
        description="what people do who are rung, by extension or outside number: answers, no_answer, busy, "
        "unavailable, `answers:8` (after 8 s), or several in turn: `busy, answers`; all others answer",
    )
    answers: dict[str, Answer] = Field(
        default_factory=dict,
        description="what web services answer, by step; without an answer the step takes its error road",
    )
    known: dict[str, bool | int | float | str] = Field(
        default_factory=dict,
        description="what is known of the caller: `caller.calls: 3`, `caller.last_operator: '102'`, "
        "`caller.last_call` (hours ago), `caller.group`, `caller.name`",
    )
    answer_after: Seconds = Field(default=ANSWERS_AFTER_S, description="how long people let it ring")
    talk: Seconds = Field(default=TALK_S, description="how long a talk lasts")
    hangs_up: Literal["operator", "caller"] = Field(default="operator", description="who ends a talk")
    message: SecondsOrNone = Field(
        default=MESSAGE_S, description="how long the caller speaks after the beep; `0`: he says nothing"
    )
    seed: int = Field(
        default=0, description="another number draws other lots where a group's order is random"
    )
    expect: ExpectModel = Field(description="what must come of it")


class TestsModel(FileModel):
    """The whole file."""

    __test__ = False

    tests: list[TestModel] = Field(min_length=1, description="the calls")
