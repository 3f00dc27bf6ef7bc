"""`ring`: people of the tenant are rung; whoever answers first talks with the caller."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.calls.errors import StepError
from engine.calls.leg import Target
from engine.directory.fields import Extension, Name, Seconds
from engine.scenarios.model import SORRY, Exit, Reference, StepModel, StepName
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

RING_SECONDS = 25.0


class RingOutcomes(StepModel):
    """The ways out that `ring` and `dial` share."""

    regardless: ClassVar[bool] = False  # of people's own hours

    on_no_answer: StepName | None = Field(
        default=None,
        description="step taken when nobody answers; left out: the caller is told so and the call ends",
    )
    on_busy: StepName | None = Field(
        default=None, description="step taken when all are busy; left out: as `on_no_answer`"
    )
    on_unavailable: StepName | None = Field(
        default=None,
        description="step taken when nobody can be reached (no phone is on, or it is outside of everybody's "
        "own hours); left out: as `on_no_answer`",
    )
    after: StepName | None = Field(
        default=None, description="step after the talk, if the caller is still there; left out: the call ends"
    )

    def exits(self) -> list[Exit]:
        nobody = self.on_no_answer or SORRY
        return [
            Exit("after", self.after, ("after",)),
            Exit("on_no_answer", nobody, ("on_no_answer",)),
            Exit("on_busy", self.on_busy or nobody, ("on_busy",)),
            Exit("on_unavailable", self.on_unavailable or nobody, ("on_unavailable",)),
        ]

    def caller_acted(self, exit_name: str) -> bool:
        return exit_name == "after"

    def _may_ring(self, call: Conversation, target: Target) -> bool:
        """Not outside of a user's own hours; but one who rings already goes on ringing."""
        return self.regardless or not target.user or call.tenant.on_duty(target.user, call.now())

    async def ring(self, call: Conversation, rounds: Iterable[tuple[Sequence[Target], float]]) -> str:
        """Ring the targets of each round for so many seconds; the exit that the best outcome leads to."""
        if call.adopted:
            # A recovery found people ringing or talking: first these, then those who have not been rung yet.
            rung = call.rung()
            rest = [(targets, timeout) for targets, timeout in rounds if not rung.intersection(targets)]
            rounds = [((), RING_SECONDS), *rest]
        met: set[str] = set()
        for everybody, timeout in rounds:
            targets = [target for target in everybody if self._may_ring(call, target)]
            if everybody and not targets:
                met.add("unavailable")
                continue
            result = await call.ring(targets, timeout=timeout)
            # What was keyed in meanwhile is no choice in a menu that comes later.
            call.forget_digits()
            if result.outcome == "talked":
                call.set_variable("operator", result.operator)
                return "after"
            met.add(result.outcome)
        if "no_answer" in met:
            return "on_no_answer"
        return "on_busy" if "busy" in met else "on_unavailable"


class RingStep(RingOutcomes):
    """Ring a user, a group, or several users at once."""

    type: Literal["ring"] = "ring"
    user: Extension | None = Field(default=None, description="extension of one user")
    users: list[Extension] = Field(default_factory=list, description="extensions of users who ring at once")
    group: Name | None = Field(default=None, description="a group of the tenant, in the group's own order")
    timeout: Seconds | None = Field(
        default=None, description="how long it rings; left out: the group's own time, else 25 s"
    )

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        given = [name for name in ("user", "users", "group") if getattr(self, name)]
        if len(given) != 1:
            wrong = f"it has {' and '.join(given)}" if given else "it rings nobody"
            raise ValueError(f"{wrong}, expected one of user, users, group")
        return self

    def references(self) -> Iterable[Reference]:
        if self.user:
            yield Reference("user", self.user, ("user",))
        if self.group:
            yield Reference("group", self.group, ("group",))
        for index, extension in enumerate(self.users):
            yield Reference("user", extension, ("users", index))

    def sets(self) -> Iterable[Variable]:
        return (CALL_VARIABLES["operator"],)

    async def run(self, call: Conversation) -> str:
        return await self.ring(call, self._rounds(call))

    def _rounds(self, call: Conversation) -> Iterator[tuple[list[Target], float]]:
        extensions = [self.user] if self.user else self.users
        timeout, order = self.timeout or RING_SECONDS, "all"
        if self.group:
            group = call.tenant.groups.get(self.group)
            if group is None:
                raise StepError(f"the tenant has no group {self.group}")
            extensions, timeout, order = list(group.members), self.timeout or group.timeout, group.ring
        if order == "all":
            yield targets_of(call, extensions), timeout
            return
        if order == "random":
            extensions = random.sample(extensions, len(extensions))
        for extension in extensions:
            yield targets_of(call, [extension]), timeout


class DeskStep(RingStep):
    """The desk, when all else has failed: it rings at any hour."""

    regardless: ClassVar[bool] = True


def targets_of(call: Conversation, extensions: Iterable[str]) -> list[Target]:
    """All devices of these users. Raises `StepError` where none of them exists."""
    users = [user for extension in extensions if (user := call.tenant.users.get(extension))]
    if not users:
        raise StepError(f"no user to ring among {', '.join(extensions) or 'none'}")
    return [Target(endpoint, user=user.extension) for user in users for endpoint in user.endpoints()]
