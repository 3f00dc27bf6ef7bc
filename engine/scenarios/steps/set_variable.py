"""`set`: the call's variables get values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.scenarios.model import Exit, StepModel, StepName
from engine.scenarios.templates import fill
from engine.scenarios.variables import Variable, type_of

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class SetStep(StepModel):
    """Give variables values; text may hold `{variable}`."""

    takes_time: ClassVar[bool] = False

    type: Literal["set"] = "set"
    variables: dict[VariableName, bool | int | float | str] = Field(
        min_length=1, description="values by name: `{department: sales, tries: 1}`"
    )
    next: StepName | None = Field(default=None, description="the step after it; left out: the call ends")

    def exits(self) -> list[Exit]:
        return [Exit("next", self.next, ("next",))]

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        for name, value in self.variables.items():
            if isinstance(value, str):
                yield value, ("variables", name)

    def sets(self) -> Iterable[Variable]:
        return [Variable(name, type_of(value)) for name, value in self.variables.items()]

    async def run(self, call: Conversation) -> str:
        for name, value in self.variables.items():
            call.set_variable(name, fill(value, call.variables) if isinstance(value, str) else value)
        return "next"
