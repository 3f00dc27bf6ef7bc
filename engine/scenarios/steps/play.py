"""`play`: the caller hears something, then the next step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from engine.directory.prompt_model import Prompt
from engine.scenarios.model import Exit, Spoken, StepModel, StepName

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class PlayStep(StepModel):
    """Play a prompt to its end."""

    type: Literal["play"] = "play"
    prompt: Prompt = Field(description="what the caller hears")
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next, ("next",))]

    def prompts(self) -> Iterable[Spoken]:
        return [Spoken(self.prompt, ("prompt",))]

    async def run(self, call: Conversation) -> str:
        await call.play(self.prompt)
        return "next"
