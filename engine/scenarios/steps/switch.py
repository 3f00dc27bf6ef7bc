"""`switch`: the way on depends on who calls, which number, or a variable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from engine.directory.fields import FileModel
from engine.scenarios.model import Exit, StepModel, StepName
from engine.scenarios.templates import fill

if TYPE_CHECKING:
    from engine.scenarios.conversation import Conversation

Scalar = bool | int | float | str

# Short names for what a call always has.
_SHORT = {"caller": "caller.number", "name": "caller.name"}


def _kind(value: Any) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<value>"


Wanted = Annotated[
    Annotated[Scalar, Tag("<value>")] | Annotated[tuple[Scalar, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(_kind),
]


def matches(value: object, wanted: Scalar | tuple[Scalar, ...]) -> bool:
    """Whether a variable's value is what a case wants: any of a list; `*` in text is any characters."""
    if isinstance(wanted, tuple):
        return any(matches(value, one) for one in wanted)
    pattern = ".*".join(re.escape(part) for part in _plain(wanted).split("*"))
    return re.fullmatch(pattern, _plain(value), re.DOTALL) is not None


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


class Case(FileModel):
    """All conditions of a case must hold."""

    when: dict[str, Wanted] = Field(
        min_length=1,
        description="`caller`, `number`, `name` or a variable, and the value it must have; `*` in it is any "
        "characters, a list is any of its values",
    )
    then: StepName = Field(description="the step taken")

    def holds(self, variables: Mapping[str, object]) -> bool:
        return all(
            matches(variables.get(_SHORT.get(name, name)), _filled(wanted, variables))
            for name, wanted in self.when.items()
        )


def _filled(wanted: Scalar | tuple[Scalar, ...], variables: Mapping[str, Any]) -> Scalar | tuple[Scalar, ...]:
    if isinstance(wanted, tuple):
        return tuple(fill(one, variables) if isinstance(one, str) else one for one in wanted)
    return fill(wanted, variables) if isinstance(wanted, str) else wanted


class SwitchStep(StepModel):
    """Take the first case whose conditions all hold, else `default`."""

    type: Literal["switch"] = "switch"
    cases: list[Case] = Field(min_length=1, description="tried in this order")
    default: StepName = Field(description="the step taken where no case holds")

    def exits(self) -> list[Exit]:
        cases = [
            Exit(f"case {number}", case.then, ("cases", number - 1, "then"))
            for number, case in enumerate(self.cases, 1)
        ]
        return [*cases, Exit("default", self.default, ("default",))]

    def templates(self) -> Iterable[tuple[str, tuple[str | int, ...]]]:
        for index, case in enumerate(self.cases):
            for name, wanted in case.when.items():
                path = ("cases", index, "when", name)
                yield f"{{{_SHORT.get(name, name)}}}", path
                for one in wanted if isinstance(wanted, tuple) else (wanted,):
                    if isinstance(one, str):
                        yield one, path

    async def run(self, call: Conversation) -> str:
        for number, case in enumerate(self.cases, 1):
            if case.holds(call.variables):
                return f"case {number}"
        return "default"
