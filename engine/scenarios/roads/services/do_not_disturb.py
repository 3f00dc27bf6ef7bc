"""`*78` and `*79`: no call reaches his telephones, or calls do again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.directory.user_settings import NotKept
from engine.scenarios.roads.services.forwarding import NOT_KEPT
from engine.scenarios.roads.services.service import ServiceStep

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

ON, OFF = "do-not-disturb-on", "do-not-disturb-off"


class DoNotDisturb(ServiceStep):
    """He hears what is set now."""

    type: Literal["do_not_disturb"] = "do_not_disturb"
    on: bool

    async def run(self, call: Conversation) -> str:
        user, settings = call.party_user, call.outside.user_settings
        try:
            await settings.set_do_not_disturb(call.tenant.name, user, self.on, by=user)
        except NotKept:
            await call.play(NOT_KEPT)
            return "done"
        await call.play(ON if self.on else OFF)
        return "done"
