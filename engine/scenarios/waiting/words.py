"""The built-in words of waiting, and in which order they are put together."""

from __future__ import annotations

from collections.abc import Iterator

from engine.directory.prompt_model import Prompt, SayPrompt
from engine.queues.promise import LONG
from engine.scenarios.variables import Variable

STAR = "*"
POSITION = Variable("queue.position", "number", "the caller's place when it was last told; 1 is next")
MINUTES = Variable(
    "queue.minutes",
    "number",
    "the expected wait when it was last told, in minutes: 0 is less than one, 61 more than an hour",
)
OFFER = "queue-callback"

_PLACE: tuple[Prompt, ...] = ("queue-position", SayPrompt(say="number", value="{queue.position}"))
_ABOUT: tuple[Prompt, ...] = (
    "queue-wait-about",
    SayPrompt(say="number", value="{queue.minutes}", unit="minutes", case="genitive"),
)
_SHORT: tuple[Prompt, ...] = ("queue-wait-short",)
_LONG: tuple[Prompt, ...] = ("queue-wait-long",)


def position_words() -> tuple[Prompt, ...]:
    return _PLACE


def wait_words(minutes: int) -> tuple[Prompt, ...]:
    """«около двух минут», «меньше чем через минуту», «больше часа»."""
    if minutes == 0:
        return _SHORT
    return _LONG if minutes == LONG else _ABOUT


def offer_words(key: str) -> tuple[Prompt, ...]:
    """Which key has the caller rung back."""
    return (OFFER,) if key == STAR else ("queue-callback-press", SayPrompt(say="digits", value=key))


def all_words(callback_key: str | None) -> Iterator[Prompt]:
    """Everything built in that a waiting caller may hear; None: no callback is offered."""
    yield from (*_PLACE, *_ABOUT, *_SHORT, *_LONG)
    if callback_key is not None:
        yield from offer_words(callback_key)
