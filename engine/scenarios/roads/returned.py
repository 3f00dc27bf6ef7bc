"""`@return/EXTENSION`, or `@return/pult/201`: a transfer failed, and the call comes back to who sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.scenarios.model import DESK, Exit
from engine.scenarios.steps.ring import DeskStep

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation


class ReturnRoad(DeskStep):
    """He may still be on the line, waiting for how it goes; else his phones ring anew. Then the desk."""

    personal: ClassVar[bool] = False  # it is his own call that comes back to him

    user: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]*/)?[0-9]{2,6}$")]
    type: Literal["return"] = "return"  # type: ignore[assignment]

    def exits(self) -> list[Exit]:
        return [
            Exit("after", None),
            *(Exit(name, DESK) for name in ("on_no_answer", "on_busy", "on_unavailable")),
        ]

    async def run(self, call: Conversation) -> str:
        result = await call.go_back_to_transferrer()
        if result is not None:
            return "after"
        return await super().run(call)
