"""`switch`: the way on depends on who calls and how often, which number, the time, or a variable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from engine.directory.fields import FileModel
from engine.directory.findings import one_of
from engine.scenarios import conditions
from engine.scenarios.model import Exit, Reference, Remark, StepModel, StepName

if TYPE_CHECKING:
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation


_GROUP = re.compile(r"[a-z][a-z0-9_-]*")


def _kind(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<value>"


Wanted = Annotated[
    Annotated[conditions.Scalar, Tag("<value>")]
    | Annotated[tuple[conditions.Scalar, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(_kind),
]


def _known_callers(tenant: Tenant) -> dict[str, tuple[str, set[str]]]:
    """By variable what is wrong with a value that none of the tenant's callers has, and the others."""
    clients = tenant.file_clients.by_key.values()
    groups = {client.group for client in clients if client.group} | set(tenant.client_groups)
    plans = {client.plan for client in clients if client.plan} | set(tenant.plans)
    callers = set(tenant.caller_groups.values()) | set(tenant.client_groups)
    return {
        "caller.group": ("no caller is in group {}: nobody of the phone book, no client", callers),
        "client.group": ("no client is in group {}, and `client_groups` does not name it", groups),
        "client.plan": ("no client has the plan {}, and `plans` does not name it", plans),
    }


class Case(FileModel):
    """All conditions of a case must hold."""

    when: dict[str, Wanted] = Field(
        min_length=1,
        description="`caller`, `number`, `name` or a variable, and the value it must have; `*` in it is any "
        'characters, `">= 3"` compares numbers, `"!= vip"` is any other value, a list is any of its values. '
        '`time: "22:00-06:00"`, `days: sat-sun` and `schedule: office` (which must be open) ask for now',
    )
    then: StepName = Field(description="the step taken")

    @field_validator("when")
    @classmethod
    def _can_be_asked(cls, when: dict[str, Any]) -> dict[str, Any]:
        for name, wanted in when.items():
            if problem := conditions.problem(name, wanted):
                raise ValueError(problem)
        return when


class SwitchStep(StepModel):
    """Take the first case whose conditions all hold, else `default`."""

    takes_time: ClassVar[bool] = False

    type: Literal["switch"] = "switch"
    cases: list[Case] = Field(min_length=1, description="tried in this order")
    default: StepName = Field(description="the step taken where no case holds")

    def exits(self) -> list[Exit]:
        cases = [
            Exit(f"case {number}", case.then, ("cases", number - 1, "then"))
            for number, case in enumerate(self.cases, 1)
        ]
        return [*cases, Exit("default", self.default, ("default",))]

    def references(self) -> Iterable[Reference]:
        for index, case in enumerate(self.cases):
            path = ("cases", index, "when", conditions.SCHEDULE)
            for name in conditions.values(case.when.get(conditions.SCHEDULE, ())):
                yield Reference("schedule", str(name), path)

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        for index, case in enumerate(self.cases):
            for name, wanted in case.when.items():
                path = ("cases", index, "when", name)
                if name not in conditions.MOMENTS:
                    yield f"{{{conditions.SHORT.get(name, name)}}}", path
                for one in conditions.values(wanted):
                    if isinstance(one, str):
                        yield one, path

    def remarks(self, tenant: Tenant | None) -> Iterable[Remark]:
        if tenant is None:
            return
        for index, case in enumerate(self.cases):
            for variable, (message, known) in _known_callers(tenant).items():
                for name in conditions.values(case.when.get(variable, ())):
                    if isinstance(name, str) and _GROUP.fullmatch(name) and name not in known:
                        path = ("cases", index, "when", variable)
                        yield Remark(path, message.format(name), one_of(known, name), "never-taken")

    async def run(self, call: Conversation) -> str:
        for number, case in enumerate(self.cases, 1):
            if conditions.holds(case.when, call):
                return f"case {number}"
        return "default"
