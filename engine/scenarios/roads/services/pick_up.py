"""`**101`, `**600`, `*8`: a user takes a call that rings for a colleague, a group, or any of his groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.scenarios.roads.services.service import ServiceStep

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

NOTHING = "nothing-to-pick-up"
BUSY = 17  # Q.850


class PickUp(ServiceStep):
    """`extension` of a user or a group, `pult/202` of a secretary; empty: whoever is in a group with him."""

    completes: ClassVar[bool] = False  # it is answered if he takes a call

    type: Literal["pick_up"] = "pick_up"
    extension: str = ""

    async def run(self, call: Conversation) -> str:
        user = call.party_user
        if not await call.pick_up(call.tenant.ring_together(user, self.extension) - {user}):
            await call.turn_away(BUSY, NOTHING)
        return "done"
