"""What is outside of a simulated call: nothing is sent anywhere, answers are those that were given."""

import asyncio
import random
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pydantic import Field

from engine.calls.services import Outside
from engine.calls.web_services import WebAnswer, WebRequest, WebServiceFailed
from engine.directory.directory import Directory, Tenant
from engine.directory.fields import FileModel
from engine.queues.queues import LiveQueues
from engine.records.known_ticket import KnownTicket
from engine.records.tickets import FIRST, with_check_digit
from engine.scenarios.simulate.lengths import SecondsOrNone


class Answer(FileModel):
    """What a web service answers to the step."""

    variables: dict[str, bool | int | float | str | None] = Field(
        default_factory=dict, description="the variables in its answer"
    )
    next: str = Field(default="", description="the way on that its answer names")
    valid: bool | None = Field(
        default=None, description="whether what was keyed in is right, where an `input` step asks"
    )
    after: SecondsOrNone = Field(default=0.0, description="how long the caller waits for it")
    error: str = Field(default="", description="instead of an answer: it fails, for this reason")


class GivenAnswers:
    """The web services of a simulation: each step gets the answer that was given for it."""

    def __init__(
        self, answers: Mapping[str, Answer], step: Callable[[], str], tell: Callable[[str], None]
    ) -> None:
        self._answers = answers
        self._step = step
        self._tell = tell

    async def ask(self, request: WebRequest) -> WebAnswer:
        """Raises `WebServiceFailed` where none was given, or an error was."""
        step = self._step()
        self._tell(f"{request.method.upper()} {urlsplit(request.url).hostname or request.url}")
        answer = self._answers.get(step)
        if answer is not None:
            await asyncio.sleep(min(answer.after, request.timeout))
            if answer.after > request.timeout:
                raise WebServiceFailed(f"no answer within {request.timeout:g} s")
        if answer is None:
            raise WebServiceFailed(f"no answer was given for the step {step}, and nothing is sent")
        if answer.error:
            raise WebServiceFailed(answer.error)
        return WebAnswer(answer.variables, answer.next, answer.valid)


class FirstTickets:
    """The numbers of a tenant who never had a ticket: he knows those that he gives."""

    def __init__(self) -> None:
        self._next = FIRST
        self._known: dict[str, KnownTicket] = {}

    async def open(self, tenant: str) -> str:
        self._next += 1
        ticket = with_check_digit(self._next - 1)
        self.remember(tenant, ticket)
        return ticket

    def find(self, tenant: str, ticket: str) -> KnownTicket | None:
        return self._known.get(ticket)

    def remember(self, tenant: str, ticket: str) -> None:
        self._known[ticket] = KnownTicket(ticket)


class Surroundings:
    """All that steps use beside the call: real queues with everybody free, and nothing that leaves the house.

    `step` names the step being run, `tell` notes what it asks.
    """

    def __init__(
        self,
        tenant: Tenant,
        answers: Mapping[str, Answer],
        seed: int,
        step: Callable[[], str],
        tell: Callable[[str], None],
        now: Callable[[], int],
    ) -> None:
        directory = Directory({tenant.name: tenant})
        queues = LiveQueues(lambda: directory, random.Random(seed), now=now)
        self.outside = Outside(
            tickets=FirstTickets(),
            web_services=GivenAnswers(answers, step, tell),
            queues=queues,
            dice=random.Random(seed),
        )
        # The queues know who is free by being told of every telephone.
        self.leg_began = queues.leg_began
        self.leg_answered = queues.leg_answered
        self.leg_ended = queues.leg_ended
