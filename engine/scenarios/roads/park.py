"""`@park/PLACE`: the party waits in a parking place until somebody takes him."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.directory.fields import Extension
from engine.scenarios.model import UNREACHED, Exit, StepModel

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

NO_ANSWER = 19  # Q.850


class ParkRoad(StepModel):
    """Where nobody takes him in time, it rings at whoever parked him, then at the desk."""

    error_road: ClassVar[str] = UNREACHED

    type: Literal["park"] = "park"
    place: Extension

    def exits(self) -> list[Exit]:
        return [Exit("after", None)]

    async def run(self, call: Conversation) -> str:
        if await call.wait_parked(self.place):
            return "after"
        return await call.not_reached(NO_ANSWER)
