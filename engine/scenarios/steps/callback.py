"""`callback`: the caller asks to be rung back (F36)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.directory.fields import Name, Seconds
from engine.directory.numbers import is_e164
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.journal.events import CallbackOrdered
from engine.scenarios.model import Exit, Reference, Spoken, StepModel, StepName, Template
from engine.scenarios.templates import fill
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

_BETWEEN_DIGITS = 3.0
_MOST_DIGITS = 16
_VARIABLE = Variable("callback.number", "phone", "the number that the caller wants to be rung back on")


class CallbackStep(StepModel):
    """Take an order to ring the caller back, on his own number or on one that he keys in.

    With `ask` he hears the number and confirms it by 1, or keys in another one, ended by `#`; a caller who
    withholds his number is always asked.
    """

    type: Literal["callback"] = "callback"
    number: Template = Field(default="{caller.number}", description="the number to ring back")
    ask: bool = Field(default=False, description="let the caller confirm the number or key in another")
    queue: Name | None = Field(default=None, description="the queue whose people ring back; left out: any")
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

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        return [(self.number, ("number",))] if "number" in self.model_fields_set else []

    def references(self) -> Iterable[Reference]:
        return [Reference("queue", self.queue, ("queue",))] if self.queue else []

    def sets(self) -> Iterable[Variable]:
        return (_VARIABLE,)

    def caller_acted(self, exit_name: str) -> bool:
        return self.ask and exit_name == "next"

    async def run(self, call: Conversation) -> str:
        number = call.tenant.normalise(fill(self.number, call.variables))
        if self.ask or not is_e164(number):
            number = await self._agreed(call, number)
        if not is_e164(number):
            return "on_refused"
        call.journal(CallbackOrdered(number, self.queue or ""))
        call.set_variable(_VARIABLE.name, number)
        await call.play(self.confirmation)
        return "next"

    async def _agreed(self, call: Conversation, number: str) -> str:
        """The number that the caller confirmed, "" for none."""
        for _ in range(self.attempts):
            if not is_e164(number):
                number = call.tenant.normalise(await self._keyed(call))
            if not is_e164(number):
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
