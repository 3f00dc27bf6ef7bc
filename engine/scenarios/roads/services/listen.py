"""`@service/listen/101`, `whisper`, `join`: a user listens to a colleague's talk (F48)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.directory.fields import Extension
from engine.directory.prompt_model import Prompt
from engine.journal.transfer_events import ListeningMode
from engine.scenarios.model import UNREACHED, Exit, StepModel

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

MODE = "listening.mode"
PROMPTS: tuple[Prompt, ...] = ("listen-not-allowed", "listen-no-talk", "listen-over")


class ListenRoad(StepModel):
    """Until the talk is over, or the listener hangs up. Keys 4, 5 and 6: listen, whisper, join."""

    error_road: ClassVar[str] = UNREACHED

    type: Literal["listening"] = "listening"
    mode: ListeningMode
    user: Extension

    def exits(self) -> list[Exit]:
        return [Exit("done", None)]

    async def run(self, call: Conversation) -> str:
        # After a restart of the engine he goes on in the mode that he had chosen last.
        chosen = call.variables.get(MODE)
        mode = next((one for one in _MODES if one == chosen), self.mode)
        match await call.listen_in(self.user, mode):
            case "not_allowed":
                await call.play("listen-not-allowed")
            case "no_talk":
                await call.play("listen-no-talk")
            case "over":
                await call.play("listen-over")
        return "done"


_MODES: tuple[ListeningMode, ...] = ("listen", "whisper", "join")
