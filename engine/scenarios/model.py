"""A scenario and what all its steps share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from engine.directory.fields import FileModel, Name
from engine.directory.prompt_model import Prompt, TextPrompt, parts
from engine.directory.prompts.texts import VARIABLE
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation

STEP_NAME = r"^[a-z][a-z0-9_-]*$"

# Roads that need no step in the file. Their names cannot be written there, so they clash with nothing.
DESK = "@desk"  # the tenant's desk rings
SORRY = "@sorry"  # 'nobody can answer now', then hangup
APOLOGY = "@apology"  # 'the line is out of service', then hangup
DIALLED = "@dialled"  # `@dialled/NUMBER`: what a user dialled, or where a call is transferred to
RESUMED = "@resumed"  # `@resumed/OPERATOR/NUMBER`: a talk that was cut off goes on
CALLBACK = "@callback"  # `@callback/ORDER`: somebody is rung back
MAILBOX = "@mailbox"  # `@mailbox/EXTENSION`: a user hears his messages
MESSAGE = "@message"  # `@message/EXTENSION`: a colleague leaves a user a message
SERVICE = "@service"  # `@service/NAME/ARGUMENT`: a user has dialled a service code
UNREACHED = "@unreached"  # what was dialled could not be reached, by a mistake of ours
END = "@end"  # hangup: nothing else is left


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


StepName = Annotated[str, Field(pattern=STEP_NAME, max_length=40)]
Template = Annotated[
    str, BeforeValidator(_text), Field(max_length=1000), WithJsonSchema({"type": ["string", "number"]})
]


class Exit(NamedTuple):
    """A way out of a step. `target`: a step of the file, one of the roads above, or None: the call ends.

    `path` is where in the step's YAML it is written, empty for a default.
    """

    name: str
    target: str | None
    path: tuple[str | int, ...] = ()


class Reference(NamedTuple):
    """Something of the tenant's that a step names."""

    kind: Literal["user", "group", "queue", "schedule", "period", "outgoing"]
    name: str
    path: tuple[str | int, ...]


class Remark(NamedTuple):
    """Something odd about how a step is written: a warning. `code` is one of `finding_codes.py`.

    `on_name`: it is about the name at `path`, not about its value.
    """

    path: tuple[str | int, ...]
    message: str
    expected: str
    code: str
    on_name: bool = False


class Spoken(NamedTuple):
    """A prompt of a step and where it is written, empty for a default."""

    prompt: Prompt
    path: tuple[str | int, ...] = ()


class StepModel(FileModel):
    """One step. A kind of step is one subclass with `type: Literal["…"]`, registered by its module."""

    completes: ClassVar[bool] = False  # the scenario has come to its own end here
    error_road: ClassVar[str] = DESK  # where a call goes whose step fails and names no `on_error`
    takes_time: ClassVar[bool] = True  # False: done at once, so that a circle of such steps never ends
    asks: ClassVar[bool] = False  # what it plays is a question, and no last words to a caller

    on_error: StepName | None = Field(
        default=None, description="step taken when this one fails; left out: the tenant's desk rings"
    )

    @property
    def kind(self) -> str:
        """The step's `type`."""
        return str(type(self).model_fields["type"].default)

    @abstractmethod
    def exits(self) -> list[Exit]:
        """Every way out but the error road."""

    @abstractmethod
    async def run(self, call: Conversation) -> str:
        """Do the step for a call; the name of the exit taken.

        Raises an `Exception` where it cannot: the call takes the error road. A caller who hangs up is no
        `Exception` and passes through.
        """

    def prompts(self) -> Iterable[Spoken]:
        """Everything the step may play, so that it is made before the scenario goes live."""
        return ()

    def references(self) -> Iterable[Reference]:
        """What of the tenant's the step names."""
        return ()

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        """Texts with `{variable}` in them, and where they are written."""
        return ()

    def sets(self) -> Iterable[Variable]:
        """Variables that the step gives a value."""
        return ()

    def caller_acted(self, exit_name: str) -> bool:
        """Whether the caller's own act led to this exit, so that coming back is no endless loop."""
        return False

    def last_words(self) -> bool:
        """Whether a caller whose call ends right after this step has been told something to end with."""
        return not self.asks and any(True for _ in self.prompts())

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        """What is odd about it: exits never taken, values without effect. `tenant` None: not known."""
        return ()


class ScenarioModel(FileModel):
    """The file without its steps, which are read one by one."""

    scenario: Name = Field(description="the scenario's name, the same as the file's")
    title: str = Field(default="", description="what people call it")
    start: StepName = Field(description="the step that a call begins with")
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2}$", description="language of its prompts; left out: the tenant's"
    )
    steps: dict[StepName, Any] = Field(min_length=1, description="the steps by name, each with its `type`")


@dataclass(frozen=True)
class Scenario:
    """A scenario as it goes live; never changes. `content` is the file's; `version` is the hash of it and
    of `takes`, which tell by name which of the tenant's own recordings it plays.
    """

    tenant: str
    name: str
    title: str
    start: str
    language: str  # "" where the tenant's
    steps: Mapping[str, StepModel]
    version: str
    folder: Path
    content: Mapping[str, Any]
    takes: Mapping[str, str] = field(default_factory=dict)

    def prompts(self) -> Iterator[Prompt]:
        """All that its steps may play."""
        for step in self.steps.values():
            for spoken in step.prompts():
                yield spoken.prompt

    @property
    def languages(self) -> set[str]:
        """Languages that its steps change to."""
        changed = (getattr(step, "language", "") for step in self.steps.values() if step.kind == "language")
        return set(filter(None, changed))

    @cached_property
    def texts_of_calls(self) -> tuple[TextPrompt, ...]:
        """The texts with a variable, which are spoken in a call."""
        texts = (part for prompt in self.prompts() for part in parts(prompt) if isinstance(part, TextPrompt))
        return tuple(dict.fromkeys(text for text in texts if VARIABLE.search(text.text)))
