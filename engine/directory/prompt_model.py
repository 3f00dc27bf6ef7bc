"""What a prompt is in YAML: a recording's name, a text to speak, a value to say, or a list of these.

    prompt: welcome
    prompt: {text: "Здравствуйте, {caller.name}!"}
    prompt: {say: number, value: "{wait}", unit: minutes}
    prompt: [welcome, {text: "Ваш номер"}, {say: digits, value: "{caller.number}"}]

Texts and values may hold `{variable}`, filled from the call's variables when the prompt is played: such a
value is then put together from recorded words, and such a text is spoken in the call.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

SayKind = Literal["number", "digits", "ticket", "date", "time", "duration", "money", "phone", "text"]
Unit = Literal[
    "seconds", "minutes", "hours", "days", "weeks", "months", "years",
    "people", "calls", "roubles", "kopecks", "percent",
]  # fmt: skip

Case = Literal["nominative", "genitive", "accusative"]

# What is read out digit by digit, or as it is written, has no case.
DECLINED: tuple[SayKind, ...] = ("number", "date", "time", "duration", "money")

PROMPT_NAME = r"^[\w][\w.-]*(/[\w][\w.-]*)*$"

PromptName = Annotated[
    str,
    StringConstraints(pattern=PROMPT_NAME, max_length=200),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": PROMPT_NAME,
            "description": "name of a sound file in the scenario's folder `prompts/`, without its ending",
        }
    ),
]


class TextPrompt(BaseModel):
    """A text that is made into speech before the scenario goes live.

    With `{variable}` in it, it is made into speech in the call (0.2 s), and kept for the next one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(
        min_length=1, max_length=4000, description="the words to speak, in the tenant's language"
    )


class SayFields(BaseModel):
    """A value and how it is read out: what `say` has as a prompt and as a step."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: SayKind = Field(
        description="how the value is read out: `number` (21, -7, 2.5), `digits` and `ticket` one by one, "
        "`date` (2026-11-23), `time` (10:30), `duration` (90, 90s, 5m), `money` (roubles: 1234.50), "
        "`phone` (+79031112233, in groups), `text` (as it is written)"
    )
    value: str | int | float = Field(description="the value, or text with `{variable}` in it")
    unit: Unit | None = Field(
        default=None, description="what a number counts, in the right form: `unit: minutes` says “21 минута”"
    )
    noun: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        max_length=3,
        description="what a number counts, if no `unit` fits, in its forms: [заказ, заказа, заказов] in "
        "Russian, [order, orders] in English; with `case: accusative` the first form stands in it: "
        "[заявку, заявки, заявок]",
    )
    gender: Literal["masculine", "feminine", "neuter"] = Field(
        default="masculine", description="the gender of the noun, or of what a number alone stands for"
    )
    case: Case = Field(
        default="nominative",
        description="the case in Russian of a number, date, time, duration or sum: `genitive` says “двадцать "
        "третьего ноября” and “(до) двадцати часов”, `accusative` “(стоит) одну тысячу рублей” and "
        "“(подождите) одну минуту”; other languages take no notice of it",
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.say not in DECLINED and self.case != "nominative":
            kinds = ", ".join(f"`{kind}`" for kind in DECLINED)
            raise ValueError(f"`say: {self.say}` has no case; these have: {kinds}")
        if self.unit == "people" and self.case == "accusative":
            raise ValueError("`unit: people` is not said in the accusative, only as nominative or genitive")
        if self.say != "number" and (self.unit or self.noun or self.gender != "masculine"):
            raise ValueError("unit, noun and gender belong to `say: number`")
        if self.unit and (self.noun or self.gender != "masculine"):
            raise ValueError("unit stands for a noun and its gender, which are left out beside it")
        if self.noun and not all(form.strip() and len(form) <= 60 for form in self.noun):
            raise ValueError("a form of `noun` is a word or a few, 60 characters at most")
        return self


class SayPrompt(SayFields):
    """A value that is said piece by piece from recorded words."""


def _kind_of_part(value: Any) -> str | None:
    if isinstance(value, dict):
        return "<say>" if "say" in value else "<text>"
    if isinstance(value, SayPrompt):
        return "<say>"
    if isinstance(value, TextPrompt):
        return "<text>"
    return "<name>"


def _kind(value: Any) -> str | None:
    return "<list>" if isinstance(value, list | tuple) else _kind_of_part(value)


PromptPart = Annotated[
    Annotated[PromptName, Tag("<name>")]
    | Annotated[TextPrompt, Tag("<text>")]
    | Annotated[SayPrompt, Tag("<say>")],
    Discriminator(_kind_of_part),
]

Prompt = Annotated[
    Annotated[PromptName, Tag("<name>")]
    | Annotated[TextPrompt, Tag("<text>")]
    | Annotated[SayPrompt, Tag("<say>")]
    | Annotated[tuple[PromptPart, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(_kind),
]

# The same without pydantic's notes, for annotations in code that only passes prompts on.
PartValue = str | TextPrompt | SayPrompt


def parts(prompt: PartValue | tuple[PartValue, ...]) -> Iterator[PartValue]:
    """A prompt's parts in the order they are heard; a prompt that is no list is its own only part."""
    if isinstance(prompt, tuple):
        yield from prompt
    else:
        yield prompt
