"""`ring`: people of the tenant are rung; whoever answers first talks with the caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.calls.errors import StepError
from engine.calls.first_choice import specialist_of
from engine.calls.people import people_of
from engine.directory.fields import Extension, Name, Seconds
from engine.scenarios.model import SORRY, Exit, Reference, StepModel, StepName
from engine.scenarios.variables import CALL_VARIABLES, Variable

if TYPE_CHECKING:
    from engine.calls.plan import Plan
    from engine.scenarios.conversation import Conversation

RING_SECONDS = 25.0


class RingOutcomes(StepModel):
    """The ways out that `ring` and `dial` share."""

    regardless: ClassVar[bool] = False  # of people's own hours
    personal: ClassVar[bool] = True  # what they have set for themselves counts

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

    async def ring(self, call: Conversation, plan: Plan) -> str:
        """Ring by the plan; the exit that its outcome leads to."""
        result = await call.reach(plan)
        # What was keyed in meanwhile is no choice in a menu that comes later.
        call.forget_digits()
        if result.outcome == "talked":
            call.set_variable("operator", result.operator)
            return "after"
        return {"no_answer": "on_no_answer", "busy": "on_busy"}.get(result.outcome, "on_unavailable")


class RingStep(RingOutcomes):
    """Ring a user, a group, or several users at once."""

    type: Literal["ring"] = "ring"
    user: Extension | None = Field(default=None, description="extension of one user")
    users: list[Extension] = Field(default_factory=list, description="extensions of users who ring at once")
    group: Name | None = Field(default=None, description="a group of the tenant, in the group's own order")
    timeout: Seconds | None = Field(
        default=None,
        description="how long it rings; left out: the group's own time, else 25 s. Where `user` has calls "
        "forwarded, each place rings for this time",
    )

    specialist: Seconds | None = Field(
        default=None,
        description="a known client's own specialist, or who stands in for him, is rung first, alone and for "
        "this time; left out: he is not",
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
        if self.specialist is not None and call.attempt() == 1:
            taken = await self._specialist(call, self.specialist)
            if taken is not None:
                return taken
            call.next_attempt()  # a restart goes on with the others
        return await self.ring(call, self._plan(call))

    async def _specialist(self, call: Conversation, seconds: float) -> str | None:
        """The exit, where he talked with the caller."""
        person = specialist_of(call)
        if not person and not call.adopted:
            return None
        plan = people_of(call).plan([person] if person else [], seconds, personal=self.personal)
        taken = await self.ring(call, plan)
        return taken if taken == "after" else None

    def _plan(self, call: Conversation) -> Plan:
        """Raises `StepError` where there is nobody to ring."""
        tenant = call.tenant
        extensions, timeout = [self.user] if self.user else self.users, self.timeout or RING_SECONDS
        order, times = "all", dict[str, float]()
        if self.group:
            group = tenant.groups.get(self.group)
            if group is None:
                raise StepError(f"the tenant has no group {self.group}")
            extensions, timeout = list(group.members), self.timeout or group.timeout
            order, times = group.ring, dict(group.ring_times)
        known = [one for one in dict.fromkeys(extensions) if tenant.person(one)]
        if not known:
            raise StepError(f"no user to ring among {', '.join(extensions) or 'none'}")
        there = [one for one in known if self.regardless or tenant.on_duty(one, call.now())]
        return people_of(call).plan(there, timeout, order=order, times=times, personal=self.personal)


class DeskStep(RingStep):
    """The desk, when all else has failed: it rings at any hour."""

    regardless: ClassVar[bool] = True
