"""`callback`: the caller asks to be rung back (F36)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from engine.calls.callbacks import NotOrdered, Ordered, OrderWish, never_rung
from engine.calls.first_choice import wants_in_queue
from engine.directory.fields import Name, Seconds
from engine.directory.numbers import is_e164
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.journal.queue_events import CallbackOrdered
from engine.scenarios.model import Exit, Reference, Spoken, StepModel, StepName, Template
from engine.scenarios.templates import fill
from engine.scenarios.variables import Variable

_WHEN_DATE = Variable("callback.date", "date", "when he is rung at the earliest, where that is not at once")
_WHEN_TIME = Variable("callback.time", "time", "the same: the time of day, in his own time zone")

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

_BETWEEN_DIGITS = 3.0
_MOST_DIGITS = 16
_NOT_POSSIBLE, _MISTYPED = "callback-not-possible", "not-understood"
_DATE = SayPrompt(say="date", value="{callback.date}", case="genitive")
_TIME = SayPrompt(say="time", value="{callback.time}")
_VARIABLE = Variable("callback.number", "phone", "the number that the caller wants to be rung back on")


class CallbackStep(StepModel):
    """Take an order to ring the caller back, on his own number or on one that he keys in.

    He keeps his place in the queue that he waited in, and is rung when it is his turn. With `ask` he hears
    the number and confirms it by 1, or keys in another one, ended by `#`; a caller who withholds his number
    is always asked. A number that cannot be rung, by `outgoing.permit`, he is told so, and with `ask` keys in
    another one. Where he may not be rung now, by the hours of his number's region, he is told when.
    """

    type: Literal["callback"] = "callback"
    number: Template = Field(default="{caller.number}", description="the number to ring back")
    ask: bool = Field(default=False, description="let the caller confirm the number or key in another")
    queue: Name | None = Field(
        default=None,
        description="the queue whose people ring back; left out: the one that he waited in last. Without one "
        "the order stays in the list until somebody rings him",
    )
    topic: Template = Field(default="", description="what it is about, shown to whoever rings back")
    prompt: Prompt = Field(default="callback-number", description="said before the number, with `ask`")
    confirm: Prompt = Field(default="callback-confirm", description="said after the number, with `ask`")
    enter: Prompt = Field(default="callback-enter", description="asks for another number")
    confirmation: Prompt = Field(default="callback-ordered", description="said when the order is taken")
    timeout: Seconds = Field(default=6.0, description="how long to wait for a key")
    attempts: int = Field(default=3, ge=1, le=5, description="how often the number is asked for in all")
    next: StepName | None = Field(
        default=None, description="the step after the order; left out: the call ends"
    )
    on_refused: StepName | None = Field(
        default=None,
        description="step taken when there is no number to ring back, or none was confirmed; left out: as "
        "`next`",
    )

    def exits(self) -> list[Exit]:
        return [
            Exit("next", self.next, ("next",)),
            Exit("on_refused", self.on_refused or self.next, ("on_refused",)),
        ]

    def prompts(self) -> Iterable[Spoken]:
        for name in ("prompt", "confirm", "enter", "confirmation"):
            yield Spoken(getattr(self, name), (name,) if name in self.model_fields_set else ())
        for prompt in (_NOT_POSSIBLE, _MISTYPED, "callback-later", _DATE, "callback-at", _TIME):
            yield Spoken(prompt)

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        named: list[tuple[str, tuple[str | int, ...]]] = [
            (self.number, ("number",)),
            (self.topic, ("topic",)),
        ]
        return [one for one in named if one[1][0] in self.model_fields_set]

    def references(self) -> Iterable[Reference]:
        return [Reference("queue", self.queue, ("queue",))] if self.queue else []

    def sets(self) -> Iterable[Variable]:
        return (_VARIABLE, _WHEN_DATE, _WHEN_TIME)

    def caller_acted(self, exit_name: str) -> bool:
        return self.ask and exit_name == "next"

    async def run(self, call: Conversation) -> str:
        number = call.tenant.normalise(fill(self.number, call.variables))
        if self.ask or not is_e164(number):
            number = await self._agreed(call, number)
        if not is_e164(number):
            return "on_refused"
        try:
            ordered = call.outside.callbacks.order(call.tenant, self._wish(call, number))
        except NotOrdered as error:
            call.log.info("callback.not_ordered", number=number, cause=str(error))
            await call.play(_NOT_POSSIBLE)  # he would wait for a call that never comes
            return "on_refused"
        call.journal(CallbackOrdered(number, self.queue or call.queued.queue))
        call.set_variable(_VARIABLE.name, number)
        await call.play(self.confirmation)
        if ordered.not_before:
            await self._tell_when(call, ordered)
        return "next"

    def _wish(self, call: Conversation, number: str) -> OrderWish:
        queued = call.queued
        queue = self.queue or queued.queue
        same, settings = queue == queued.queue, call.tenant.queues.get(queue)
        return OrderWish(
            number,
            queue,
            name=str(call.variables["caller.name"] or ""),
            topic=fill(self.topic, call.variables),
            since=queued.since if same else call.now(),
            from_call=call.id,
            shown=str(call.variables["number"] or ""),
            wants=queued.wants if same or settings is None else wants_in_queue(call, settings),
            language=call.language,
        )

    async def _tell_when(self, call: Conversation, ordered: Ordered) -> None:
        """By the clock of the region that his number belongs to."""
        at = datetime.fromtimestamp(ordered.not_before / 1000, ZoneInfo(ordered.zone))
        call.set_variable("callback.date", at.strftime("%Y-%m-%d"))
        call.set_variable("callback.time", at.strftime("%H:%M"))
        await call.play("callback-later", _DATE, "callback-at", _TIME)

    async def _agreed(self, call: Conversation, number: str) -> str:
        """The number that the caller confirmed, "" for none."""
        for attempt in range(1, self.attempts + 1):
            keyed = ""
            if not is_e164(number):
                keyed = await self._keyed(call)
                number = call.tenant.normalise(keyed)
            if not is_e164(number):
                if keyed and attempt < self.attempts:
                    await call.play(_MISTYPED)
                continue
            if never_rung(call.outside.lines, call.tenant, number):
                await call.play(_NOT_POSSIBLE)
                number = ""
                continue
            spoken = SayPrompt(say="digits", value=number)
            key = await call.play(self.prompt, spoken, self.confirm, barge_in=True)
            key = key or await call.read_digit(self.timeout)
            if key == "1":
                return number
            if key is not None:
                number = ""
        return ""

    async def _keyed(self, call: Conversation) -> str:
        digit = await call.play(self.enter, barge_in=True) or await call.read_digit(self.timeout)
        keyed = ""
        while digit is not None and digit != "#" and len(keyed) < _MOST_DIGITS:
            keyed += digit
            digit = await call.read_digit(_BETWEEN_DIGITS)
        return keyed
