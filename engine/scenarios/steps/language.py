"""`language`: from here on the caller hears another language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.scenarios.model import Exit, StepModel, StepName
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class LanguageStep(StepModel):
    """Go on in another language: texts, built-in prompts and values are spoken in it."""

    takes_time: ClassVar[bool] = False

    type: Literal["language"] = "language"
    language: Literal["ru", "en"] = Field(description="the language from here on")
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next, ("next",))]

    def sets(self) -> Iterable[Variable]:
        return (CALL_VARIABLES["language"],)

    async def run(self, call: Conversation) -> str:
        call.set_variable("language", self.language)
        return "next"
