"""`hangup`: the scenario's end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.directory.prompt_model import Prompt
from engine.scenarios.model import Exit, Spoken, StepModel

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class HangupStep(StepModel):
    """Say goodbye, where a prompt is given, and end the call."""

    completes: ClassVar[bool] = True

    type: Literal["hangup"] = "hangup"
    prompt: Prompt | None = Field(default=None, description="the last words; left out: none")
    cause: int = Field(
        default=16,
        ge=1,
        le=127,
        description="Q.850 cause; for a caller who was not answered it is the answer: 17 is busy",
    )

    def exits(self) -> list[Exit]:
        return []

    def prompts(self) -> Iterable[Spoken]:
        return [] if self.prompt is None else [Spoken(self.prompt, ("prompt",))]

    async def run(self, call: Conversation) -> str:
        if self.prompt is not None:
            await call.play(self.prompt)
        return "end"


class SorryStep(HangupStep):
    """The same where the caller did not get what he called for: no end of the scenario's own."""

    completes: ClassVar[bool] = False
