"""`queue`: the caller waits for the next free person, and hears how it goes (F15, F35)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from engine.calls.errors import StepError
from engine.calls.first_choice import wants_in_queue
from engine.directory.fields import Name
from engine.directory.prompt_model import Prompt
from engine.directory.queue_check import lacking
from engine.directory.queue_model import Skills
from engine.queues.rules import required_of
from engine.scenarios.model import DESK, Exit, Reference, Remark, Spoken, StepModel, StepName
from engine.scenarios.steps.menu import Key
from engine.scenarios.variables import CALL_VARIABLES, Variable
from engine.scenarios.waiting.wait import Exits, Wait
from engine.scenarios.waiting.words import MINUTES, POSITION, STAR, all_words

if TYPE_CHECKING:
    from engine.calls.queueing import Wants
    from engine.directory.directory import Tenant
    from engine.directory.queue_model import QueueModel
    from engine.scenarios.conversation import Conversation


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


CallbackKey = Annotated[
    str,
    BeforeValidator(_text),
    Field(pattern=r"^[0-9*]$"),
    WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9*]$"}),
]


class QueueStep(StepModel):
    """Wait in a queue of the tenant with music until somebody is free; who came first is served first.

    How long, by whom and what is announced meanwhile says the queue in the tenant's file. A ring or an
    announcement that has begun when `max_wait` ends is finished before `on_timeout` is taken.
    """

    type: Literal["queue"] = "queue"
    queue: Name = Field(description="a queue of the tenant")
    prompt: Prompt | None = Field(
        default=None,
        description="heard to its end on entering, the place being kept meanwhile; left out: none",
    )
    keys: dict[Key, StepName] = Field(
        default_factory=dict,
        description="steps by key, 0 to 9, *, #: taken at once when the waiting caller presses it",
    )
    priority: Annotated[int, Field(ge=1, le=5)] | None = Field(
        default=None,
        description="priority of who waits by this step, unless his client has one; 1 is served first; left "
        "out: the queue's",
    )
    skills: Skills = Field(
        default_factory=dict,
        description="the level of each skill that who waits by this step needs, besides those of the queue "
        "and of his plan",
    )
    on_timeout: StepName | None = Field(
        default=None,
        description="step taken when nobody was free within the queue's `max_wait`; left out: the tenant's "
        "desk rings",
    )
    on_full: StepName | None = Field(
        default=None,
        description="step taken at once when as many callers wait as the queue's `max_length` allows; left "
        "out: as `on_timeout`",
    )
    on_unavailable: StepName | None = Field(
        default=None,
        description="step taken when no member can be reached (all phones are off, or it is outside of all "
        "members' own hours), as the queue's `join_when_empty` and `leave_when_empty` say; left out: as "
        "`on_timeout`",
    )
    on_callback: StepName | None = Field(
        default=None,
        description="step taken when the caller presses `callback_key` to be rung back, for a queue with "
        "`callback: true`: a `callback` step; left out: it is not offered",
    )
    callback_key: CallbackKey = Field(
        default=STAR, description="the key by which the caller asks to be rung back: 0 to 9, *"
    )
    after: StepName | None = Field(
        default=None, description="step after the talk, if the caller is still there; left out: the call ends"
    )

    @model_validator(mode="after")
    def _one_step_a_key(self) -> Self:
        if self.on_callback and self.callback_key in self.keys:
            raise ValueError(
                f"key {self.callback_key} asks for a callback already, expected another `callback_key`, or "
                "another key"
            )
        return self

    def exits(self) -> list[Exit]:
        late = self.on_timeout or DESK
        found = [
            Exit("after", self.after, ("after",)),
            *(Exit(f"key {key}", step, ("keys", key)) for key, step in self.keys.items()),
            Exit("on_timeout", late, ("on_timeout",)),
            Exit("on_full", self.on_full or late, ("on_full",)),
            Exit("on_unavailable", self.on_unavailable or late, ("on_unavailable",)),
        ]
        if self.on_callback:
            found.append(Exit("on_callback", self.on_callback, ("on_callback",)))
        return found

    def prompts(self) -> Iterable[Spoken]:
        if self.prompt is not None:
            yield Spoken(self.prompt, ("prompt",))
        for prompt in all_words(self.callback_key if self.on_callback else None):
            yield Spoken(prompt)

    def references(self) -> Iterable[Reference]:
        yield Reference("queue", self.queue, ("queue",))

    def sets(self) -> Iterable[Variable]:
        return (CALL_VARIABLES["operator"], POSITION, MINUTES)

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        queue = tenant.queues.get(self.queue) if tenant is not None else None
        if queue is not None and self.on_callback and not queue.callback:
            message = f"on_callback is never taken: queue {self.queue} offers no callback"
            yield Remark(("on_callback",), message, "callback: true at the queue", "never-taken", True)
        if queue is not None and self.on_full and queue.max_length is None:
            message = f"on_full is never taken: queue {self.queue} takes any number of callers"
            yield Remark(("on_full",), message, "max_length at the queue", "never-taken", True)
        own = {extension: user.skills for extension, user in tenant.users.items()} if tenant else {}
        for lack in lacking(self.skills, queue, own) if queue is not None else ():
            message = f"queue {self.queue} is required to have {lack.message}"
            yield Remark(("skills", lack.skill), message, lack.expected, lack.code, True)
        if "callback_key" in self.model_fields_set and not self.on_callback:
            message = "callback_key is never taken: no callback is offered"
            yield Remark(("callback_key",), message, "on_callback, or no callback_key", "never-taken", True)

    def caller_acted(self, exit_name: str) -> bool:
        return exit_name in ("after", "on_callback") or exit_name.startswith("key ")

    async def run(self, call: Conversation) -> str:
        """Wait; the place is that of the first entry, also after a recovery."""
        settings = call.tenant.queues.get(self.queue)
        if settings is None:
            raise StepError(f"the tenant has no queue {self.queue}")
        now = call.now()
        wants = self._with_own(wants_in_queue(call, settings))
        since = call.enter_queue(self.queue, wants)
        again = since < now  # a recovery goes on with it: then he goes back to his place at once
        if not again and self._full(call, settings):
            return "on_full"
        if not again:
            call.forget_digits()
            if call.variables.get(POSITION.name) is not None:
                call.set_variable(POSITION.name, None)  # of another queue, or of an earlier visit
            await call.answer()
            if self.prompt is not None:
                await call.play(self.prompt)
            await call.announce_recording(settings.extensions)
            if self._full(call, settings):
                return "on_full"  # while he heard that
        # Who has asked to be rung back, and calls by himself, goes on in that place.
        number = str(call.variables["caller.number"] or "")
        placed = call.outside.callbacks.place_since(call.tenant, self.queue, number, since)
        place = call.outside.queues.enter(call.tenant, self.queue, call.id, placed, call.changed, wants)
        try:
            wait = Wait(call, place, self.queue, settings, since, self._ways_out(settings), again=again)
            taken = await wait.end()
        finally:
            place.leave()
        if taken != "after":
            await call.stop_music()
        return taken

    def _with_own(self, wants: Wants) -> Wants:
        """What the step asks for as well."""
        skills = dict(required_of(wants.skills, self.skills))
        return replace(wants, priority=wants.priority or self.priority, skills=skills)

    def _full(self, call: Conversation, settings: QueueModel) -> bool:
        most = settings.max_length
        return most is not None and call.outside.queues.length(call.tenant, self.queue) >= most

    def _ways_out(self, settings: QueueModel) -> Exits:
        ways = {key: f"key {key}" for key in self.keys}
        if self.on_callback is None or not settings.callback:
            return Exits(ways)
        keys = {**ways, self.callback_key: "on_callback"}
        after, by_itself = settings.callback.offer_after or 0.0, settings.callback.automatic
        return Exits(keys, self.callback_key, after, by_itself)
