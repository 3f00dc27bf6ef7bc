"""`dial`: an outside number is called through the tenant's trunk, or a city number of the tenant's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.calls.errors import StepError
from engine.calls.outgoing import LINES_BUSY, explained, plan_outside, refusal
from engine.directory.fields import Seconds
from engine.directory.numbering import Dialled
from engine.directory.numbers import is_e164
from engine.scenarios.model import Reference, Template
from engine.scenarios.steps.ring import RingOutcomes
from engine.scenarios.templates import fill
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class DialStep(RingOutcomes):
    """Call an outside number, or another city number of the company, and connect the caller with it."""

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
        destination, lines = self._destination(call), call.outside.lines
        why = None if call.adopted else refusal(lines, call.tenant, destination, call_id=call.id)
        if why is LINES_BUSY:
            return "on_busy"
        if why is not None:
            raise StepError(explained(why, call.tenant, destination.value))
        number = "" if call.party_user else str(call.variables["caller.number"] or "")
        plan = plan_outside(
            lines, call.tenant, destination, timeout=self.timeout, original=number, call_id=call.id
        )
        result = await call.reach(plan)
        # What was keyed in meanwhile is no choice in a menu that comes later.
        call.forget_digits()
        if result.outcome == "talked":
            call.set_variable("operator", result.operator)
            return "after"
        return {"no_answer": "on_no_answer", "busy": "on_busy"}.get(result.outcome, "on_unavailable")

    def _destination(self, call: Conversation) -> Dialled:
        written = fill(self.number, call.variables)
        number = call.tenant.normalise(written)
        if not is_e164(number):
            raise StepError(f"{written!r} is no telephone number")
        if number in call.tenant.numbers:
            # Longer circles end where a call has gone from number to number too often.
            if number == call.variables["number"]:
                raise StepError(f"{number} is the number that this call came to: it would come back")
            return Dialled("number", number)
        if call.tenant.outgoing is None:
            raise StepError("the tenant has no `outgoing` trunk")
        return Dialled("outside", number)
