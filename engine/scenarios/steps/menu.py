"""`menu`: the caller chooses by a key or dials an extension (F07)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.directory.fields import Seconds
from engine.directory.prompt_model import Prompt
from engine.scenarios.digits import Match, resolve
from engine.scenarios.model import DESK, SORRY, Exit, Remark, Spoken, StepModel, StepName
from engine.scenarios.steps.ring import RingStep
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation

# The pause after which a number is taken as complete.
BETWEEN_DIGITS = 1.5
_MOST_DIGITS = 20

Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]


class MenuStep(StepModel):
    """Play a prompt and wait for a key; a key pressed during the prompt stops it."""

    asks: ClassVar[bool] = True

    type: Literal["menu"] = "menu"
    prompt: Prompt = Field(description="what can be chosen")
    keys: dict[Key, StepName] = Field(default_factory=dict, description="steps by key: 0 to 9, *, #")
    extensions: bool = Field(
        default=False,
        description="the caller may dial a user's extension; a key that is also an extension's first digit "
        "is then taken after a pause of 1.5 s or `#`",
    )
    timeout: Seconds = Field(default=5.0, description="how long to wait for the first key after the prompt")
    attempts: int = Field(default=3, ge=1, le=10, description="how often the prompt is played in all")
    wrong_key: Prompt = Field(default="wrong-key", description="said before repeating after a wrong key")
    no_input: Prompt = Field(default="no-input", description="said before repeating when nothing was keyed")
    on_timeout: StepName | None = Field(
        default=None,
        description="step taken when the last attempt brought nothing; left out: the tenant's desk rings",
    )
    on_invalid: StepName | None = Field(
        default=None,
        description="step taken when the last attempt brought a wrong key; left out: as `on_timeout`",
    )
    on_no_answer: StepName | None = Field(
        default=None,
        description="step taken when the person who was dialled does not answer, is busy or away; "
        "left out: the caller is told so and the call ends",
    )
    after: StepName | None = Field(
        default=None,
        description="step after the talk with the person who was dialled; left out: the call ends",
    )

    @model_validator(mode="after")
    def _something_to_choose(self) -> Self:
        if not self.keys and not self.extensions:
            raise ValueError("there is nothing to choose, expected keys, or extensions: true")
        return self

    def exits(self) -> list[Exit]:
        silent = self.on_timeout or DESK
        keys = [Exit(f"key {key}", step, ("keys", key)) for key, step in self.keys.items()]
        ends = [
            Exit("on_timeout", silent, ("on_timeout",)),
            Exit("on_invalid", self.on_invalid or silent, ("on_invalid",)),
        ]
        if self.extensions:
            # Reached by the extension's own ring step, named here so that checks see them.
            ends.append(Exit("on_no_answer", self.on_no_answer or SORRY, ("on_no_answer",)))
            ends.append(Exit("after", self.after, ("after",)))
        return keys + ends

    def prompts(self) -> Iterable[Spoken]:
        given = self.model_fields_set
        yield Spoken(self.prompt, ("prompt",))
        yield Spoken(self.wrong_key, ("wrong_key",) if "wrong_key" in given else ())
        yield Spoken(self.no_input, ("no_input",) if "no_input" in given else ())

    def sets(self) -> Iterable[Variable]:
        return (CALL_VARIABLES["extension"], CALL_VARIABLES["operator"]) if self.extensions else ()

    def caller_acted(self, exit_name: str) -> bool:
        # The last two are those of an extension's ring: he has dialled it.
        return exit_name.startswith(("key ", "extension ")) or exit_name in ("on_no_answer", "after")

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        if not self.extensions:
            for name in ("on_no_answer", "after"):
                if name in self.model_fields_set:
                    message = f"{name} is never taken: no extension can be dialled in this menu"
                    yield Remark((name,), message, "extensions: true, or no " + name, "never-taken", True)
            return
        shared: dict[str, list[str]] = {}
        for extension in tenant.users if tenant is not None else ():
            if extension[0] in self.keys:
                shared.setdefault(extension[0], []).append(extension)
        if shared:
            keys, users = sorted(shared), sorted(user for users in shared.values() for user in users)
            more = ", …" if len(users) > 3 else ""
            yield Remark(
                ("keys", keys[0]),
                f"key {', '.join(keys)} begins the extensions {', '.join(users[:3])}{more} too: it is taken "
                f"only after a pause of {BETWEEN_DIGITS:g} s or #",
                "keys that begin no extension",
                "key-and-extension",
                True,
            )

    def ring_extension(self, extension: str) -> RingStep:
        """The step that a dialled extension leads to."""
        return RingStep(
            user=extension, on_no_answer=self.on_no_answer, after=self.after, on_error=self.on_error
        )

    async def run(self, call: Conversation) -> str:
        """A prompt and a choice per attempt; attempts are kept by the call across a recovery."""
        prompts: tuple[Prompt, ...] = (self.prompt,)
        while True:
            choice = await self._choice(call, prompts)
            if isinstance(choice, Match):
                if choice.kind == "key":
                    return f"key {choice.value}"
                call.set_variable("extension", choice.value)
                return f"extension {choice.value}"
            if call.attempt() >= self.attempts:
                return f"on_{choice}"
            call.next_attempt()
            prompts = (self.no_input if choice == "timeout" else self.wrong_key, self.prompt)

    async def _choice(
        self, call: Conversation, prompts: tuple[Prompt, ...]
    ) -> Match | Literal["timeout", "invalid"]:
        extensions = call.tenant.users if self.extensions else ()
        typed = await call.play(*prompts, barge_in=True) or await call.read_digit(self.timeout)
        if typed is None:
            return "timeout"
        while True:
            found = resolve(typed, self.keys, extensions)
            if isinstance(found, Match):
                return found
            if found is None:
                await self._rest_of_number(call)
                return "invalid"
            digit = await call.read_digit(BETWEEN_DIGITS)
            if digit is None:
                return found.match or "invalid"
            typed += digit

    async def _rest_of_number(self, call: Conversation) -> None:
        """The other digits of an unknown extension are no answer to the prompt that follows."""
        for _ in range(_MOST_DIGITS if self.extensions else 0):
            if await call.read_digit(BETWEEN_DIGITS) is None:
                return
