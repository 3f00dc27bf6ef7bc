"""`@dialled/NUMBER`: what a user of the tenant dialled, or where a call is transferred to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn

from engine.calls.destination import RING_SECONDS, plan_to
from engine.calls.errors import Redirected
from engine.calls.outgoing import Refusal, refusal
from engine.directory.numbering import Dialled, resolve
from engine.scenarios.model import MESSAGE, UNREACHED, Exit, StepModel
from engine.scenarios.roads.services import road_of
from engine.scenarios.steps.queue import QueueStep

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
        if destination.kind == "parked":
            return await self._parked(call, destination.value)
        if destination.kind == "queue":
            return await self._queue(call, destination.value)
        result = await self._reach(call, destination)
        call.forget_digits()
        if result is not None and result.outcome == "talked":
            call.set_variable("operator", result.operator)
            return "after"
        if result is not None and self._takes_message(call, destination):
            raise Redirected(f"{MESSAGE}/{destination.value}")
        return await call.not_reached(CAUSES.get(result.outcome, FAILED) if result else UNALLOCATED)

    @staticmethod
    def _takes_message(call: Conversation, destination: Dialled) -> bool:
        """Of a user's own call to a colleague; a call that was passed on goes back to whoever did."""
        own = call.dialled_by == call.party_user not in ("", destination.value)
        return own and destination.kind == "user" and call.tenant.voicemail.colleagues

    async def _reach(self, call: Conversation, destination: Dialled) -> RingResult | None:
        """How ringing went; None where the number means nothing."""
        user, lines = call.dialled_by, call.outside.lines
        if destination.kind in ("outside", "emergency") and not call.adopted:
            why = refusal(lines, call.tenant, destination, user, call_id=call.id)
            if why is not None:
                await self._refused(call, why)
        # A colleague who was passed on is no longer called by whoever called first.
        number = "" if call.party_user else str(call.variables["caller.number"] or "")
        patient = user == call.party_user
        plan = plan_to(
            call.tenant,
            call.outside,
            destination,
            by=user,
            number=number,
            patient=patient,
            call_id=call.id,
        )
        if plan is None:
            return await call.ring((), timeout=RING_SECONDS) if call.adopted else None
        return await call.reach(plan)

    async def _refused(self, call: Conversation, why: Refusal) -> NoReturn:
        call.log.info("call.not_made", dialled=self.dialled, user=call.dialled_by, cause=why.reason)
        if call.dialled_by != call.party_user:
            await call.not_reached(why.cause)  # it is not the party who has to hear it
        await call.turn_away(why.cause, why.prompt, refused=why.forbidden)

    async def _parked(self, call: Conversation, place: str) -> str:
        """A user takes whoever waits in this place."""
        if not call.party_user or call.dialled_by != call.party_user:
            return await call.not_reached(UNALLOCATED)
        if not await call.take_parked(place):
            await call.play("parking-empty")
        return "after"

    async def _queue(self, call: Conversation, name: str) -> str:
        """As a caller from outside waits there."""
        if await QueueStep(queue=name).run(call) == "after":
            return "after"
        return await call.not_reached(CAUSES["no_answer"])


class UnreachedRoad(StepModel):
    """Back to whoever sent the call, else its end: no desk answers what a colleague dialled."""

    type: Literal["unreached"] = "unreached"

    def exits(self) -> list[Exit]:
        return []

    async def run(self, call: Conversation) -> str:
        return await call.not_reached(FAILED)
