"""One caller's wait, from his entry to the exit taken: music, announcements, rings, keys, limits.

What he hears goes on by itself, also while telephones ring for him, and is cut the moment that somebody
answers. So there is one task beside the call's own: it alone plays and reads keys, and ends with the wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.calls.errors import StepError
from engine.directory.prompts import PromptMissing
from engine.scenarios.waiting.announcer import Announcer, Words

if TYPE_CHECKING:
    from engine.calls.queueing import Place
    from engine.directory.queue_model import QueueModel
    from engine.scenarios.conversation import Conversation


@dataclass(frozen=True)
class Exits:
    """Which exit a key takes; `callback_key` is the one that he is told of, None: no callback is offered.

    It is offered from `callback_after` seconds of waiting on, and taken by itself after `callback_at`.
    """

    keys: Mapping[str, str]
    callback_key: str | None = None
    callback_after: float = 0.0
    callback_at: float | None = None


class Wait:
    """Fulfils `engine.calls.queueing.Meanwhile`. `since` is when he entered, UTC ms."""

    def __init__(
        self,
        call: Conversation,
        place: Place,
        queue: str,
        settings: QueueModel,
        since: int,
        exits: Exits,
        *,
        again: bool,
    ) -> None:
        now = call.seconds()
        began = now - max(0.0, (call.now() - since) / 1000)
        self._call = call
        self._place = place
        self._queue = queue
        self._settings = settings
        self._exits = exits
        self._deadline = began + settings.max_wait
        self._announcer = Announcer(
            call,
            place,
            settings.announce,
            began if again else now,
            exits.callback_key,
            again=again,
            offered_at=began + exits.callback_after,
        )
        self._callback_at = None if exits.callback_at is None else began + exits.callback_at
        self._nobody_since: float | None = None
        self._may_stay = again or settings.join_when_empty or place.staffed
        self._hearing: asyncio.Task[None] | None = None
        self._pressed = ""  # the exit that a key has chosen
        self._quiet = False
        self._telling = False
        self._enough = False  # what is being said are the last words
        self._rung = False  # telephones ring for him

    async def end(self) -> str:
        """Until one of the exits is reached; words that have begun are finished, but for a talk or a key."""
        try:
            while True:
                ending = self._ending()
                if self._call.adopted or (self._place.offer and ending is None):
                    if taken := await self._ring():
                        return taken
                elif ending is None or (self._telling and not self._pressed):
                    self._enough = ending is not None
                    self.begin()
                    self._call.changed()
                    await self._something(ending)
                else:
                    await self.be_quiet()
                    return ending
        finally:
            await self._stop()

    async def _something(self, ending: str | None) -> None:
        """Until there is something to do. Raises what kept him from hearing anything."""
        place, staffed, telling = self._place, self._place.staffed, self._telling

        def changed() -> bool:
            if self.given_up or self._telling != telling or place.staffed != staffed:
                return True
            return ending is None and bool(place.offer)

        await self._call.until(changed, None if ending else self._seconds_left())
        self._check()

    # -- how it ends --------------------------------------------------------------------------------------

    def _ending(self) -> str | None:
        now = self._call.seconds()
        if self._pressed:
            return self._pressed
        if now >= self._deadline:
            return "on_timeout"
        if self._callback_at is not None and now >= self._callback_at:
            return "on_callback"
        if self._place.staffed:
            self._nobody_since = None
        elif not self._may_stay:
            return "on_unavailable"
        elif self._nobody_since is None:
            self._nobody_since = now
        elif (left_at := self._left_alone_at()) is not None and now >= left_at:
            return "on_unavailable"
        return None

    def _left_alone_at(self) -> float | None:
        """When he leaves because nobody can be reached."""
        limit = self._settings.leave_when_empty
        return None if limit is False or self._nobody_since is None else self._nobody_since + limit

    def _seconds_left(self) -> float:
        left_at = self._left_alone_at()
        until = min(at for at in (self._deadline, left_at, self._callback_at) if at is not None)
        return max(0.0, until - self._call.seconds())

    async def _ring(self) -> str:
        """Ring whoever is offered, or go on with those whom a recovery found ringing or talking; the exit
        taken, "" where he waits on.
        """
        call = self._call
        self._rung = True
        result = await call.ring(self._place.offer, timeout=self._place.ring_s, meanwhile=self)
        self._rung = False
        self._check()
        if result.given_up:
            return self._pressed  # nobody has missed him: leaving the place frees whoever rang
        self._place.rung(result.outcome)
        call.changed()
        if result.outcome != "talked":
            return ""
        # What was keyed in meanwhile is no choice in a menu that comes later.
        call.forget_digits()
        call.set_variable("operator", result.operator)
        return "after"

    # -- what he hears ------------------------------------------------------------------------------------

    @property
    def given_up(self) -> bool:
        """He has chosen something else by a key, or hears nothing by a mistake of ours."""
        return bool(self._pressed) or self._broken

    def begin(self) -> None:
        """Let him hear something, if he does not."""
        if self._hearing is None:
            self._quiet = False
            self._hearing = asyncio.get_running_loop().create_task(self._hear())
            self._hearing.add_done_callback(lambda _: self._call.changed())

    async def be_quiet(self) -> None:
        """Nothing of ours is to be heard from now on; what plays is cut."""
        if self._hearing is not None:
            self._quiet = True
            self._call.changed()
            await asyncio.wait({self._hearing})
            self._forget()

    @property
    def _broken(self) -> bool:
        """It has ended, and neither by our wish nor by a key."""
        return self._hearing is not None and self._hearing.done() and not (self._quiet or self._pressed)

    def _check(self) -> None:
        if self._broken and self._hearing is not None:
            self._hearing.result()

    async def _stop(self) -> None:
        """The wait is over, by whatever road: who is detached goes on hearing what he hears."""
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.wait({self._hearing})
            self._forget()

    def _forget(self) -> None:
        hearing, self._hearing = self._hearing, None
        # The caller's end is told to the call's own task as well.
        error = hearing.exception() if hearing is not None and not hearing.cancelled() else None
        if isinstance(error, Exception):
            self._call.log.error("queue.hearing_failed", cause=str(error))

    async def _hear(self) -> None:
        """Announcements and music, until quiet is wanted or a key is pressed that leads somewhere."""
        call = self._call
        while not self._quiet:
            if self._enough:
                await call.until(lambda: self._quiet or not self._enough)
                continue
            for words in self._announcer.due(rung=self._rung):
                if self._quiet or self._enough or self._chosen(await self._tell(words)):
                    break
            if self._quiet or self._pressed:
                return
            rung = self._rung
            if (at := self._announcer.next_at(rung=rung)) is not None and at <= call.seconds():
                continue
            await call.start_music(self._queue)
            seconds = self._deadline + 3600.0 if at is None else at
            key = await call.read_digit(
                max(0.0, seconds - call.seconds()),
                stop=lambda rung=rung: self._quiet or self._rung != rung,  # type: ignore[misc]
            )
            if self._chosen(key):
                return

    async def _tell(self, words: Words) -> str | None:
        """One announcement; the key that was pressed meanwhile."""
        call = self._call
        self._telling = True
        try:
            return await call.play(*words, barge_in=bool(self._exits.keys), stop=lambda: self._quiet)
        except (PromptMissing, StepError) as error:
            # He waits on with music; a place is worth more than to know its number.
            call.log.error("queue.announcement_failed", cause=str(error))
            return None
        finally:
            self._telling = False
            call.changed()

    def _chosen(self, key: str | None) -> bool:
        if key is not None and (found := self._exits.keys.get(key)):
            self._pressed = found
            self._call.changed()
        return bool(self._pressed)
