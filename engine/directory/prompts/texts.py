"""Texts that are spoken: cut into sentences, so that only those with a variable are spoken in the call."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from engine.directory.prompts.untrusted import readable

CallValue = str | int | float | bool | None

VARIABLE = re.compile(r"\{([^{}]*)\}")
# After the end of a sentence, before something that can begin one.
_BETWEEN = re.compile(r"(?<=[.!?…])\s+(?=[«\"(]?[A-ZА-ЯЁ0-9{])")
# What is left where a variable was empty: “Здравствуйте, !”
_LONELY = re.compile(r"\s*[,;:—–-]?\s+(?=[.,!?…;:])|(?<=[,;:])\s*[,;:]")
_ABBREVIATED = re.compile(r"(?:^|\s)\w{1,2}\.$")


class Sentence(NamedTuple):
    """A part of a text; `variables` of the call that it holds."""

    text: str
    variables: tuple[str, ...]


@lru_cache(4096)
def sentences(text: str) -> tuple[Sentence, ...]:
    """A text without variables is one sentence, whatever it holds: it is spoken best as a whole."""
    if not VARIABLE.search(text):
        return (Sentence(text, ()),)
    found: list[Sentence] = []
    for part in _parts(text):
        names = tuple(match[1].strip() for match in VARIABLE.finditer(part))
        if found and not names and not found[-1].variables:
            found[-1] = Sentence(f"{found[-1].text} {part}", ())
        else:
            found.append(Sentence(part, names))
    return tuple(found)


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for part in _BETWEEN.split(text.strip()):
        if parts and _ABBREVIATED.search(parts[-1]):
            parts[-1] = f"{parts[-1]} {part}"
        else:
            parts.append(part)
    return parts


def fill(text: str, variables: Mapping[str, CallValue]) -> str:
    """Put the call's variables in; one that is not set is nothing."""
    return VARIABLE.sub(lambda match: plain(variables.get(match[1].strip())), text)


def fill_readable(text: str, variables: Mapping[str, CallValue]) -> str:
    """The same to be spoken: values are made harmless, and the comma before an empty one goes."""
    filled = VARIABLE.sub(lambda match: readable(plain(variables.get(match[1].strip()))), text)
    return " ".join(_LONELY.sub("", filled).split())


def plain(value: CallValue) -> str:
    """A variable's value as text."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
