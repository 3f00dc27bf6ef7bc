"""What a prompt is in YAML: a recording's name, a text to speak, a value to say, or a list of these.

    prompt: welcome
    prompt: {text: "Здравствуйте, {caller.name}!"}
    prompt: {say: number, value: "{place}"}
    prompt: [welcome, {text: "Ваш номер"}, {say: digits, value: "{caller.number}"}]

Texts and values may hold `{variable}`, filled from the call's variables when the prompt is played.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, WithJsonSchema

SayKind = Literal["number", "digits", "date", "time", "money", "text", "ticket"]

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

    What lies between `{` and `}` is a variable of the call, which is said as text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(
        min_length=1, max_length=4000, description="the words to speak, in the tenant's language"
    )


class SayPrompt(BaseModel):
    """A value that is said piece by piece from recorded numbers, days and months."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: SayKind = Field(description="how the value is read out")
    value: str | int | float = Field(description="the value, or text with `{variable}` in it")


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
