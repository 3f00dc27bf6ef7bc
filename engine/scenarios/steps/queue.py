"""`queue`: the caller waits for the next free person, and hears how it goes (F15)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.calls.errors import StepError
from engine.directory.fields import Name
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.directory.prompts import PromptMissing
from engine.scenarios.model import DESK, Exit, Reference, Remark, Spoken, StepModel, StepName
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.calls.queueing import Place
    from engine.directory.directory import Tenant
    from engine.directory.model import QueueModel
    from engine.scenarios.conversation import Conversation

CALLBACK_KEY = "*"
# So long nobody's phone could be reached before the step gives up waiting for somebody to come back.
NOBODY_S = 10.0
_POSITION = Variable("queue.position", "number", "the caller's place when it was last told; 1 is next")
_MINUTES = Variable("queue.minutes", "number", "the expected wait when it was last told, in minutes")
_PLACE: tuple[Prompt, ...] = ("queue-position", SayPrompt(say="number", value="{queue.position}"))
_WAIT: tuple[Prompt, ...] = ("queue-wait", SayPrompt(say="number", value="{queue.minutes}"))
_SHORT: Prompt = "queue-wait-short"
_CALLBACK: Prompt = "queue-callback"


class QueueStep(StepModel):
    """Wait in a queue of the tenant with music until somebody is free; who came first is served first.

    How long, by whom and what is announced meanwhile says the queue in the tenant's file. A ring that has
    begun when `max_wait` ends is finished before `on_timeout` is taken.
    """

    type: Literal["queue"] = "queue"
    queue: Name = Field(description="a queue of the tenant")
    prompt: Prompt | None = Field(
        default=None,
        description="heard to its end on entering, the place being kept meanwhile; left out: none",
    )
    on_timeout: StepName | None = Field(
        default=None,
        description="step taken when nobody was free within the queue's `max_wait`; left out: the tenant's "
        "desk rings",
    )
    on_unavailable: StepName | None = Field(
        default=None,
        description="step taken when for 10 s no member could be reached: all phones are off, or it is "
        "outside of all members' own hours; left out: as `on_timeout`",
    )
    on_callback: StepName | None = Field(
        default=None,
        description="step taken when the caller presses `*` to be rung back, for a queue with `callback: "
        "true`: a `callback` step; left out: it is not offered",
    )
    after: StepName | None = Field(
        default=None, description="step after the talk, if the caller is still there; left out: the call ends"
    )

    def exits(self) -> list[Exit]:
        late = self.on_timeout or DESK
        found = [
            Exit("after", self.after, ("after",)),
            Exit("on_timeout", late, ("on_timeout",)),
            Exit("on_unavailable", self.on_unavailable or late, ("on_unavailable",)),
        ]
        if self.on_callback:
            found.append(Exit("on_callback", self.on_callback, ("on_callback",)))
        return found

    def prompts(self) -> Iterable[Spoken]:
        if self.prompt is not None:
            yield Spoken(self.prompt, ("prompt",))
        for prompt in (*_PLACE, *_WAIT, _SHORT, *((_CALLBACK,) if self.on_callback else ())):
            yield Spoken(prompt)

    def references(self) -> Iterable[Reference]:
        yield Reference("queue", self.queue, ("queue",))

    def sets(self) -> Iterable[Variable]:
        return (CALL_VARIABLES["operator"], _POSITION, _MINUTES)

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        queue = tenant.queues.get(self.queue) if tenant is not None else None
        if queue is not None and self.on_callback and not queue.callback:
            message = f"on_callback is never taken: queue {self.queue} offers no callback"
            yield Remark(("on_callback",), message, "callback: true at the queue", "never-taken", True)

    def caller_acted(self, exit_name: str) -> bool:
        return exit_name in ("after", "on_callback")

    async def run(self, call: Conversation) -> str:
        """Wait; the place is that of the first entry, also after a recovery."""
        settings = call.tenant.queues.get(self.queue)
        if settings is None:
            raise StepError(f"the tenant has no queue {self.queue}")
        now = call.now()
        since = call.enter_queue(self.queue)
        if since >= now:
            # Not after a recovery: then he goes back to his place at once.
            call.forget_digits()
            await call.answer()
            if self.prompt is not None:
                await call.play(self.prompt)
            await call.announce_recording(settings.members)
        place = call.outside.queues.enter(call.tenant, self.queue, call.id, since, call.changed)
        try:
            waiting = _Waiting(call, place, settings, since, callback=self.on_callback is not None)
            taken = await waiting.end()
        finally:
            place.leave()
        if taken != "after":
            await call.stop_music()
        return taken


class _Waiting:
    """One caller's wait, from his entry to the exit taken."""

    def __init__(
        self, call: Conversation, place: Place, settings: QueueModel, since: int, *, callback: bool
    ) -> None:
        self._call = call
        self._place = place
        self._settings = settings
        self._callback = callback and settings.callback
        self._deadline = call.seconds() + settings.max_wait - (call.now() - since) / 1000
        self._nobody_since: float | None = None
        self._tell_at: float | None = call.seconds()

    async def end(self) -> str:
        """Music, announcements and rings until one of the exits is reached."""
        call = self._call
        while True:
            ending = self._ending()
            if call.adopted or (self._place.offer and ending is None):
                if await self._talked():
                    return "after"
                continue
            if ending is not None:
                return ending
            key = await self._tell() if self._tell_due() else await self._listen()
            if key == CALLBACK_KEY and self._callback:
                return "on_callback"

    def _ending(self) -> str | None:
        now = self._call.seconds()
        if now >= self._deadline:
            return "on_timeout"
        if self._place.staffed:
            self._nobody_since = None
        elif self._nobody_since is None:
            self._nobody_since = now
        elif now >= self._nobody_since + NOBODY_S:
            return "on_unavailable"
        return None

    async def _talked(self) -> bool:
        """Ring whoever is offered, or go on with those whom a recovery found ringing or talking."""
        call = self._call
        result = await call.ring(self._place.offer, timeout=self._settings.ring_timeout)
        self._place.rung(result.outcome)
        if result.outcome != "talked":
            return False
        # What was keyed in meanwhile is no choice in a menu that comes later.
        call.forget_digits()
        call.set_variable("operator", result.operator)
        return True

    async def _listen(self) -> str | None:
        """Music until something is to be done; the key that was pressed."""
        call, place = self._call, self._place
        await call.start_music()
        until = [self._deadline]
        if self._nobody_since is not None:
            until.append(self._nobody_since + NOBODY_S)
        if self._tell_at is not None:
            until.append(self._tell_at)
        staffed = place.staffed
        return await call.read_digit(
            max(0.0, min(until) - call.seconds()),
            stop=lambda: bool(place.offer) or place.staffed != staffed,
        )

    def _tell_due(self) -> bool:
        return self._tell_at is not None and self._call.seconds() >= self._tell_at

    async def _tell(self) -> str | None:
        """The announcement, cut short when somebody is free; the key that was pressed."""
        call, place = self._call, self._place
        every = self._settings.announce.position
        self._tell_at = None if every is None else call.seconds() + every
        if not (prompts := self._words()):
            return None
        try:
            return await call.play(*prompts, barge_in=self._callback, stop=lambda: bool(place.offer))
        except (PromptMissing, StepError) as error:
            # He waits on with music; a place is worth more than to know its number.
            call.log.error("queue.announcement_failed", cause=str(error))
            return None

    def _words(self) -> list[Prompt]:
        call, announce, said = self._call, self._settings.announce, list[Prompt]()
        if announce.position is not None:
            call.set_variable(_POSITION.name, self._place.position)
            said += _PLACE
            wait = self._place.expected_wait if announce.wait else None
            if wait is not None and wait < 60:
                said.append(_SHORT)
            elif wait is not None:
                call.set_variable(_MINUTES.name, round(wait / 60))
                said += _WAIT
        if self._callback:
            said.append(_CALLBACK)
        return said
