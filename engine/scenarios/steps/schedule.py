"""`schedule`: the way on depends on whether it is open now (F16)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.calls.errors import StepError
from engine.directory.fields import Extension, Name
from engine.scenarios.model import SORRY, Exit, Reference, Remark, StepModel, StepName
from engine.scenarios.variables import Variable

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.directory.schedules import Schedule
    from engine.scenarios.conversation import Conversation

_SETS = (
    Variable("schedule.until", "time", "when it opens or closes next, by the schedule's clock; empty: never"),
    Variable("schedule.until_date", "date", "the day of that"),
    Variable("schedule.why", "text", "why it is open or closed, in the call's language"),
)


class ScheduleStep(StepModel):
    """Ask a schedule whether it is open now; or a user's own hours, which are always where he has none."""

    takes_time: ClassVar[bool] = False

    type: Literal["schedule"] = "schedule"
    schedule: Name | None = Field(default=None, description="one of the tenant's `schedules`")
    user: Extension | None = Field(default=None, description="instead: whose own hours are asked")
    open: StepName = Field(description="step taken while it is open")
    closed: StepName | None = Field(
        default=None,
        description="step taken while it is closed; left out: the caller is told that nobody can answer, and "
        "the call ends",
    )
    periods: dict[Name, StepName] = Field(
        default_factory=dict,
        description="steps by the schedule's periods, which go before open and closed, the first first: "
        "`{lunch: at-lunch}`",
    )

    @model_validator(mode="after")
    def _one_is_asked(self) -> Self:
        if (self.schedule is None) == (self.user is None):
            wrong = "it asks no schedule" if self.schedule is None else "it has schedule and user"
            raise ValueError(f"{wrong}, expected one of schedule, user")
        if self.user is not None and self.periods:
            raise ValueError("a user's hours have no periods here, expected schedule: NAME")
        return self

    def exits(self) -> list[Exit]:
        periods = [Exit(f"period {name}", step, ("periods", name)) for name, step in self.periods.items()]
        return [
            *periods,
            Exit("open", self.open, ("open",)),
            Exit("closed", self.closed or SORRY, ("closed",)),
        ]

    def references(self) -> Iterable[Reference]:
        if self.user is not None:
            yield Reference("user", self.user, ("user",))
        if self.schedule is not None:
            yield Reference("schedule", self.schedule, ("schedule",))
            for name in self.periods:
                yield Reference("period", f"{self.schedule}/{name}", ("periods", name))

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        if tenant is None or self.user is None or self.user not in tenant.users:
            return
        if tenant.schedule_of(self.user) is not None:
            return
        message = f"user {self.user} has no hours of his own: it is always open"
        yield Remark(("user",), message, "schedule: NAME at the user in the tenant's file", "never-taken")

    def sets(self) -> Iterable[Variable]:
        return _SETS

    async def run(self, call: Conversation) -> str:
        schedule = self._asked(call)
        if schedule is None:
            return "open"
        state = schedule.state(call.now())
        until = schedule.local(state.until) if state.until is not None else None
        call.set_variable("schedule.until", f"{until:%H:%M}" if until else "")
        call.set_variable("schedule.until_date", until.date().isoformat() if until else "")
        call.set_variable("schedule.why", state.why.words(call.language))
        for name in self.periods:
            if name in state.periods:
                return f"period {name}"
        return "open" if state.open else "closed"

    def _asked(self, call: Conversation) -> Schedule | None:
        if self.user is not None:
            if self.user not in call.tenant.users:
                raise StepError(f"the tenant has no user {self.user}")
            return call.tenant.schedule_of(self.user)
        schedule = call.tenant.schedules.get(self.schedule or "")
        if schedule is None:
            raise StepError(f"the tenant has no schedule {self.schedule}")
        return schedule
