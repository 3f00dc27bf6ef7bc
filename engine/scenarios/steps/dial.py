"""`dial`: an outside number is called through the tenant's trunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.calls.errors import StepError
from engine.calls.leg import Target
from engine.directory.fields import Seconds
from engine.directory.numbers import is_e164
from engine.scenarios.model import Reference, Template
from engine.scenarios.steps.ring import RingOutcomes
from engine.scenarios.templates import fill
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class DialStep(RingOutcomes):
    """Call an outside number and connect the caller with it."""

    type: Literal["dial"] = "dial"
    number: Template = Field(
        min_length=1, description="the number, or text with `{variable}` in it; made into E.164 when dialled"
    )
    timeout: Seconds = Field(default=30.0, description="how long it rings")

    def references(self) -> Iterable[Reference]:
        return [Reference("outgoing", self.number, ("number",))]

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        return [(self.number, ("number",))]

    def sets(self) -> Iterable[Variable]:
        return (CALL_VARIABLES["operator"],)

    async def run(self, call: Conversation) -> str:
        return await self.ring(call, self._rounds(call))

    def _rounds(self, call: Conversation) -> Iterator[tuple[list[Target], float]]:
        outgoing = call.tenant.outgoing
        if outgoing is None:
            raise StepError("the tenant has no `outgoing` trunk")
        written = fill(self.number, call.variables)
        number = call.tenant.normalise(written)
        if not is_e164(number):
            raise StepError(f"{written!r} is no telephone number")
        if number in call.tenant.numbers:
            raise StepError(f"{number} is a number of the tenant itself: the call would come back")
        target = Target(f"PJSIP/{number}@{outgoing.trunk}", number=number, caller_id=outgoing.number)
        yield [target], self.timeout
