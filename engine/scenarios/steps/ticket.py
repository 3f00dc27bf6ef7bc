"""`ticket`: the call gets a number by which it can be found again, or is about one that there is (F33)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from engine.calls.first_choice import client_in
from engine.directory.fields import Seconds
from engine.directory.numbers import is_e164, takes_texts
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.directory.task_model import Severity
from engine.journal.client_events import TaskWanted, TicketOpened, TicketSent
from engine.scenarios.model import DESK, Exit, Spoken, StepModel, StepName, Template
from engine.scenarios.steps.input import InputStep
from engine.scenarios.steps.input_checks import TICKET, TICKET_VARIABLES, TicketsCheck
from engine.scenarios.templates import fill
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

_ENTERED = "ticket_entered"
_SPOKEN = SayPrompt(say="ticket", value=f"{{{TICKET.name}}}")
_STATES: dict[str, Prompt] = {
    state: f"ticket-state-{state}" for state in ("open", "answered", "waiting", "closed")
}
_TEXT = {"ru": "Номер вашего обращения: {ticket}", "en": "The number of your request is {ticket}"}


class TicketStep(StepModel):
    """Open a ticket and say its number, twice. A call that has a ticket keeps it, and hears it again.

    With `find: true` the caller enters the number of a ticket instead, and hears what has become of it; the
    call is then about that ticket, and `same_person` of queues knows who talked about it.
    """

    type: Literal["ticket"] = "ticket"
    find: bool = Field(default=False, description="ask for the number of a ticket that there is")
    subject: Template = Field(default="", description="what it is about; text with `{variable}` in it")
    prompt: Prompt | None = Field(
        default=None,
        description="said before the number; with `find`, what is to be keyed in; left out: `ticket-number` "
        "and `ticket-enter`",
    )
    send: list[Literal["sms", "email"]] = Field(
        default_factory=list,
        description="send the new number as well: by SMS to the caller's number, where it is a mobile's, "
        "else to the client's mobile; by e-mail to the client's address",
    )
    text: Template = Field(
        default="",
        description="what is sent, with `{ticket}` in it; left out: that this is the number of his request",
    )
    task: Severity | None = Field(
        default=None,
        description="severity (1 to 5) of the task that the ticket becomes, with deadlines by the tenant's "
        "`service`; left out: it is none",
    )
    attempts: int = Field(default=3, ge=1, le=10, description="with `find`: how often it asks")
    timeout: Seconds = Field(default=7.0, description="with `find`: how long to wait for the first digit")
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")
    on_invalid: StepName | None = Field(
        default=None,
        description="with `find`: step taken when the last attempt brought no ticket; left out: as "
        "`on_timeout`",
    )
    on_timeout: StepName | None = Field(
        default=None,
        description="with `find`: step taken when the last attempt brought nothing; left out: the tenant's "
        "desk rings",
    )

    @model_validator(mode="after")
    def _either(self) -> Self:
        opening = {"subject", "send", "text", "task"} & self.model_fields_set
        finding = {"attempts", "timeout", "on_invalid", "on_timeout"} & self.model_fields_set
        if self.find and opening:
            raise ValueError(f"find: true opens no ticket, expected it without {', '.join(sorted(opening))}")
        if not self.find and finding:
            raise ValueError(f"{', '.join(sorted(finding))} is for finding a ticket, expected find: true")
        if self.text and "{ticket}" not in self.text:
            raise ValueError("the text does not hold the number, expected {ticket} in it")
        return self

    @property
    def asked(self) -> Prompt:
        """What is said first."""
        if self.prompt is not None:
            return self.prompt
        return "ticket-enter" if self.find else "ticket-number"

    @cached_property
    def reading(self) -> InputStep:
        """How the number is read."""
        return InputStep(
            prompt=self.asked,
            variable=_ENTERED,
            min_digits=4,
            max_digits=12,
            timeout=self.timeout,
            attempts=self.attempts,
            check=TicketsCheck(tickets="number"),
            invalid="ticket-mistyped",
            not_found="ticket-unknown",
        )

    def exits(self) -> list[Exit]:
        after = Exit("next", self.next, ("next",))
        if not self.find:
            return [after]
        silent = self.on_timeout or DESK
        return [
            after,
            Exit("on_invalid", self.on_invalid or silent, ("on_invalid",)),
            Exit("on_timeout", silent, ("on_timeout",)),
        ]

    def prompts(self) -> Iterable[Spoken]:
        yield Spoken(self.asked, ("prompt",) if self.prompt is not None else ())
        if not self.find:
            yield Spoken(_SPOKEN)
            return
        for name in (self.reading.no_input, self.reading.invalid, self.reading.not_found, *_STATES.values()):
            yield Spoken(name)

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        if self.subject:
            yield self.subject, ("subject",)
        if self.text:
            yield self.text, ("text",)

    def sets(self) -> Iterable[Variable]:
        if not self.find:
            return (TICKET,)
        return (*TICKET_VARIABLES, Variable(_ENTERED, "digits", "what the caller keyed in as a ticket"))

    def caller_acted(self, exit_name: str) -> bool:
        return self.find and exit_name != "on_timeout"

    async def run(self, call: Conversation) -> str:
        if self.find:
            return await self._find(call)
        if not call.variables.get(TICKET.name):
            ticket = await call.outside.tickets.open(call.tenant.name)
            call.journal(TicketOpened(ticket, fill(self.subject, call.variables)))
            if self.task is not None:
                call.journal(TaskWanted(self.task, ticket))
            call.set_variable(TICKET.name, ticket)
            self._send(call, ticket)
        await call.play(self.asked, _SPOKEN, self.asked, _SPOKEN)
        return "next"

    async def _find(self, call: Conversation) -> str:
        taken = await self.reading.run(call)
        if taken == "next":
            await call.play(_STATES[str(call.variables["ticket.state"])])
        return taken

    def _send(self, call: Conversation, ticket: str) -> None:
        text = fill(self.text or _TEXT.get(call.language, _TEXT["en"]), call.variables)
        title = call.tenant.title
        # A gateway's sender is often the platform's: what is our own text says whose ticket it is.
        short = text if self.text else f"{text}. {title}"
        client = client_in(call)
        numbers = [str(call.variables.get("caller.number") or ""), *(client.numbers if client else ())]
        mobile = next((one for one in numbers if is_e164(one) and takes_texts(one)), "")
        for via in self.send:
            to = mobile if via == "sms" else client.email if client else ""
            if not to:
                call.log.info("ticket.not_sent", via=via, cause="there is no number or address to send it to")
                continue
            subject = text.splitlines()[0][:100] if via == "email" else ""
            call.journal(
                TicketSent(ticket, via, to, f"{text}\n{title}" if via == "email" else short, subject)
            )
