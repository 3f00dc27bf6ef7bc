"""`@dialled/NUMBER`: what a user of the tenant dialled, or where a call is transferred to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.calls.destination import rounds_to
from engine.calls.errors import Redirected
from engine.directory.numbering import Dialled, resolve
from engine.scenarios.model import UNREACHED, Exit, StepModel
from engine.scenarios.roads.services import road_of

if TYPE_CHECKING:
    from engine.calls.dialer import RingResult
    from engine.scenarios.conversation import Conversation

UNALLOCATED = 1  # Q.850: no such number
# What the caller's phone is told where nobody talked with him, Q.850.
CAUSES = {"busy": 17, "no_answer": 19, "unavailable": 20}
FAILED = 41


class DialledRoad(StepModel):
    """Reach whatever the number means; a transfer that fails goes back to whoever sent it."""

    error_road: ClassVar[str] = UNREACHED

    type: Literal["dialled"] = "dialled"
    dialled: str

    def exits(self) -> list[Exit]:
        return [Exit("after", None)]

    async def run(self, call: Conversation) -> str:
        destination = resolve(call.tenant, self.dialled)
        if road := road_of(destination, call.party_user):
            raise Redirected(road)
        result = await self._reach(call, destination)
        call.forget_digits()
        if result is not None and result.outcome == "talked":
            call.set_variable("operator", result.operator)
            return "after"
        return await call.not_reached(CAUSES.get(result.outcome, FAILED) if result else UNALLOCATED)

    async def _reach(self, call: Conversation, destination: Dialled) -> RingResult | None:
        """How ringing went; None where the number means nothing."""
        if call.adopted:
            return await call.ring((), timeout=30.0)
        last: RingResult | None = None
        for targets, timeout in rounds_to(call.tenant, destination):
            last = await call.ring(targets, timeout=timeout)
            if last.outcome == "talked":
                break
        return last


class UnreachedRoad(StepModel):
    """Back to whoever sent the call, else its end: no desk answers what a colleague dialled."""

    type: Literal["unreached"] = "unreached"

    def exits(self) -> list[Exit]:
        return []

    async def run(self, call: Conversation) -> str:
        return await call.not_reached(FAILED)
