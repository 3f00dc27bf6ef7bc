"""`ticket`: the call gets a number by which it can be found again (F33)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.directory.prompt_model import Prompt, SayPrompt
from engine.journal.events import TicketOpened
from engine.scenarios.model import Exit, Spoken, StepModel, StepName, Template
from engine.scenarios.templates import fill
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

_VARIABLE = Variable("ticket", "digits", "the ticket's number")


class TicketStep(StepModel):
    """Open a ticket and say its number, twice. A call that has a ticket keeps it, and hears it again."""

    type: Literal["ticket"] = "ticket"
    subject: Template = Field(default="", description="what it is about; text with `{variable}` in it")
    prompt: Prompt = Field(default="ticket-number", description="said before the number")
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next, ("next",))]

    def prompts(self) -> Iterable[Spoken]:
        yield Spoken(self.prompt, ("prompt",) if "prompt" in self.model_fields_set else ())
        yield Spoken(_SPOKEN)

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        return [(self.subject, ("subject",))] if self.subject else []

    def sets(self) -> Iterable[Variable]:
        return (_VARIABLE,)

    async def run(self, call: Conversation) -> str:
        if not call.variables.get(_VARIABLE.name):
            ticket = await call.outside.tickets.open(call.tenant.name)
            call.journal(TicketOpened(ticket, fill(self.subject, call.variables)))
            call.set_variable(_VARIABLE.name, ticket)
        await call.play(self.prompt, _SPOKEN, self.prompt, _SPOKEN)
        return "next"


_SPOKEN = SayPrompt(say="ticket", value=f"{{{_VARIABLE.name}}}")
