"""What a waiting caller is told next, of all that his queue announces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from engine.directory.prompt_model import Prompt, parts
from engine.queues.promise import Promise, promise, told_position
from engine.scenarios.waiting.times import Due, due_of
from engine.scenarios.waiting.words import MINUTES, OFFER, POSITION, offer_words, position_words, wait_words

if TYPE_CHECKING:
    from engine.calls.queueing import Place
    from engine.directory.announce_model import AnnounceModel, HeavyLoadModel, OtherWaysModel
    from engine.scenarios.conversation import Conversation

Words = tuple[Prompt, ...]


class _Announcement(NamedTuple):
    """`words` are what is said now, none where there is nothing to say. `of_turn`: it tells of his place, so
    that it is not said while telephones ring for him.
    """

    due: Due
    words: Callable[[], Words]
    of_turn: bool = False


class Announcer:
    """Of one caller's wait. `began` is when it did, in the call's seconds; `callback_key` is None where he
    is offered none, which he is from `offered_at` on; `again`: a recovery goes on with it.
    """

    def __init__(
        self,
        call: Conversation,
        place: Place,
        settings: AnnounceModel,
        began: float,
        callback_key: str | None,
        *,
        again: bool = False,
        offered_at: float = 0.0,
    ) -> None:
        self._call = call
        self._offered_at = offered_at
        self._place = place
        self._now = call.seconds
        self._promise: Promise | None = None
        before = call.variables.get(POSITION.name) if again else None
        self._told_position = before if isinstance(before, int) else None
        self._callback_key = callback_key
        self._way = 0
        self._announcements = list(self._of(settings, began))

    def next_at(self, *, rung: bool) -> float | None:
        """When something is due next; `rung`: while telephones ring for him."""
        times = (one.due.at for one in self._announcements if not (rung and one.of_turn))
        return min((at for at in times if at is not None), default=None)

    def due(self, *, rung: bool) -> list[Words]:
        """What is to be told now, one after another."""
        now = self._now()
        found = []
        for one in self._announcements:
            if one.due.is_due(now) and not (rung and one.of_turn):
                one.due.told(now)
                if words := one.words():
                    found.append(words)
        return found

    def _of(self, settings: AnnounceModel, began: float) -> Iterator[_Announcement]:
        now = self._now()
        if (load := settings.heavy_load) is not None:
            due = Due(load.first or 0.0, load.every, began, now)
            yield _Announcement(due, lambda: self._heavy_load(load), of_turn=True)
        if settings.position is not None:
            with_wait = settings.wait is True
            words = (lambda: self._position() + self._wait()) if with_wait else self._position
            yield _Announcement(due_of(settings.position, began, now), words, of_turn=True)
        if settings.wait is not False and settings.wait is not True:
            yield _Announcement(due_of(settings.wait, began, now), self._wait, of_turn=True)
        for own in settings.own:
            due = Due(own.first or own.every or 0.0, own.every, began, now)
            yield _Announcement(due, partial(_words, own.prompt))
        if (ways := settings.other_ways) is not None:
            first = ways.first or ways.every
            self._way = int(max(0.0, now - began - first) // ways.every)
            yield _Announcement(Due(first, ways.every, began, now), lambda: self._other_way(ways))
        yield from self._offer(settings, began, now)

    def _offer(self, settings: AnnounceModel, began: float, now: float) -> Iterator[_Announcement]:
        key = self._callback_key
        ways = settings.other_ways.prompts if settings.other_ways else []
        if key is None or any(OFFER in parts(prompt) for prompt in ways):
            return
        began = max(began, self._offered_at)
        times = settings.callback or settings.position
        due = due_of(times, began, now) if times is not None else Due(0.0, None, began, now)
        yield _Announcement(due, lambda: offer_words(key), of_turn=True)

    def _position(self) -> Words:
        self._told_position = told_position(self._place.position, self._told_position)
        self._call.set_variable(POSITION.name, self._told_position)
        return position_words()

    def _wait(self) -> Words:
        estimate = self._place.estimate
        if estimate is None:
            return ()
        self._promise = promise(estimate, self._now(), self._promise)
        self._call.set_variable(MINUTES.name, self._promise.minutes)
        return wait_words(self._promise.minutes)

    def _heavy_load(self, load: HeavyLoadModel) -> Words:
        estimate = self._place.estimate
        long = load.longer_than is not None and self._place.queue_length > load.longer_than
        slow = load.wait_over is not None and estimate is not None and estimate.likely > load.wait_over
        return _words(load.prompt) if long or slow else ()

    def _other_way(self, ways: OtherWaysModel) -> Words:
        """The next in turn; the offer of a callback as it is here, and left out where there is none."""
        for _ in ways.prompts:
            prompt = ways.prompts[self._way % len(ways.prompts)]
            self._way += 1
            if prompt != OFFER:
                return _words(prompt)
            if self._callback_key is not None and self._now() >= self._offered_at:
                return offer_words(self._callback_key)
        return ()


def _words(prompt: Prompt) -> Words:
    return tuple(parts(prompt))
