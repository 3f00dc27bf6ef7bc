"""`say`: how a value is read out.

A value that stands in the scenario is turned into words and spoken as a whole. A value that is known only in
the call (`{variable}`) is put together from recorded words (`spoken/`).

A value that is not of its kind, such as a name where a number was expected, does not end the call: it is read
as text by the speech engine. An empty value is nothing to be heard.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.directory.prompt_model import PartValue, SayPrompt, TextPrompt
from engine.directory.prompts import spoken
from engine.directory.prompts.spoken import CannotSay, Fragment
from engine.directory.prompts.texts import VARIABLE, CallValue, fill, fill_readable
from engine.directory.prompts.untrusted import readable

__all__ = [
    "VARIABLE",
    "CallValue",
    "CannotSay",
    "Said",
    "fill",
    "heard",
    "needs_call",
    "problem",
    "said",
    "words",
]


class Said(NamedTuple):
    """A call's value as it is heard: recorded fragments, else a text for the speech engine; or nothing."""

    fragments: tuple[Fragment, ...] = ()
    text: str = ""


def needs_call(value: str | int | float) -> bool:
    """Whether the value holds a variable of the call."""
    return isinstance(value, str) and VARIABLE.search(value) is not None


def problem(prompt: SayPrompt, language: str = "ru") -> str:
    """Why it can never be said, "" where it can."""
    try:
        if not needs_call(prompt.value):
            words(prompt, language)
        elif prompt.say != "text":
            spoken.needed(prompt, language)
    except CannotSay as error:
        return f"say: {prompt.say}: {error}"
    return ""


def words(prompt: SayPrompt, language: str) -> str:
    """A value that stands in the scenario, in words. Raises `CannotSay`."""
    value = str(prompt.value)
    return value if prompt.say == "text" else spoken.words(spoken.fragments(prompt, value, language))


def said(prompt: SayPrompt, language: str, variables: Mapping[str, CallValue]) -> Said:
    """What is heard of a value that is known only in the call."""
    value = fill(str(prompt.value), variables).strip()
    if not value:
        return Said()
    if prompt.say != "text":
        try:
            return Said(tuple(spoken.fragments(prompt, value, language)))
        except CannotSay:
            pass
    return Said(text=readable(value))


def heard(part: PartValue, language: str, variables: Mapping[str, CallValue]) -> str:
    """What a caller hears of a part of a prompt, as text: for simulations. A recording is its name."""
    if isinstance(part, str):
        return part
    if isinstance(part, TextPrompt):
        return fill_readable(part.text, variables)
    if not needs_call(part.value):
        return words(part, language)
    found = said(part, language, variables)
    return spoken.words(found.fragments) or found.text
