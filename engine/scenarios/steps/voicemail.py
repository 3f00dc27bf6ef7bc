"""`voicemail`: the caller speaks a message for somebody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from engine.calls.errors import PromptFailed
from engine.directory.fields import Extension, Seconds
from engine.directory.prompt_model import Prompt
from engine.directory.task_model import Severity
from engine.journal.client_events import TaskWanted
from engine.scenarios.model import Exit, Reference, Spoken, StepModel, StepName

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

Wholly = Annotated[Seconds, Field(ge=1, le=3600)]


class VoicemailStep(StepModel):
    """Record a message after a greeting and a beep; `#`, silence or the limit ends it, and so does hanging
    up: what was said until then is kept.
    """

    type: Literal["voicemail"] = "voicemail"
    mailbox: Extension = Field(description="extension of the user whom the message is for")
    greeting: Prompt = Field(
        default="leave-message",
        description="said before the beep; left out: the greeting that the user has recorded by `*97`, else "
        "`leave-message`",
    )
    beep: bool = Field(default=True, description="a tone tells the caller when to speak")
    max_length: Wholly = Field(default=180.0, description="the message is cut off after this")
    silence: Wholly = Field(default=5.0, description="so long a silence ends the message")
    min_length: Seconds = Field(default=2.0, description="less talk than this is no message")
    task: Severity | None = Field(
        default=None,
        description="severity (1 to 5) of the task that the message becomes, at any hour; left out: as "
        "`service.voicemail` of the tenant's file says",
    )
    next: StepName | None = Field(
        default=None, description="the step after the message; left out: the call ends"
    )
    on_empty: StepName | None = Field(
        default=None, description="step taken when nothing was said; left out: as `next`"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.min_length >= self.max_length:
            raise ValueError(
                f"min_length {self.min_length:g}s is not less than max_length {self.max_length:g}s: "
                "no message could ever be kept"
            )
        return self

    def exits(self) -> list[Exit]:
        return [
            Exit("next", self.next, ("next",)),
            Exit("on_empty", self.on_empty or self.next, ("on_empty",)),
        ]

    def prompts(self) -> Iterable[Spoken]:
        return [Spoken(self.greeting, ("greeting",) if "greeting" in self.model_fields_set else ())]

    def references(self) -> Iterable[Reference]:
        return [Reference("user", self.mailbox, ("mailbox",))]

    async def run(self, call: Conversation) -> str:
        if not call.recording_message:
            await self._greet(call)
            call.forget_digits()
            if self.task is not None:
                call.journal(TaskWanted(self.task))
        left = await call.record_message(
            self.mailbox,
            beep=self.beep,
            longest_s=self.max_length,
            silence_s=self.silence,
            shortest_s=self.min_length,
        )
        return "next" if left else "on_empty"

    async def _greet(self, call: Conversation) -> None:
        own = None
        if "greeting" not in self.model_fields_set:
            own = call.outside.greetings.of(call.tenant.name, self.mailbox)
        try:
            if own is not None:
                await call.play_media([own])
                return
        except PromptFailed as error:
            call.log.error("greeting.not_played", mailbox=self.mailbox, cause=str(error))
        await call.play(self.greeting)
