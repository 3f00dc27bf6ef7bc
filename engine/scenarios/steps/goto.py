"""`goto`: the call goes on at another step."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.scenarios.model import Exit, StepModel, StepName

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class GotoStep(StepModel):
    """Go on at another step of the scenario."""

    takes_time: ClassVar[bool] = False

    type: Literal["goto"] = "goto"
    step: StepName = Field(description="where the call goes on")

    def exits(self) -> list[Exit]:
        return [Exit("step", self.step, ("step",))]

    async def run(self, call: Conversation) -> str:
        return "step"
