"""`*21*NUMBER#`, `#21#`, `*#21#` and the like: a user says where his calls go, and hears what he has said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from engine.directory.forwarding import Wrong, wrong_forward
from engine.directory.numbering import resolve
from engine.directory.prompt_model import Prompt, SayPrompt
from engine.directory.user_settings import CONDITIONS, Condition, Forward, NotKept
from engine.scenarios.roads.services.service import ServiceStep

if TYPE_CHECKING:
    from engine.directory.user_settings import Personal
    from engine.scenarios.conversation import Conversation

_TOLD: dict[Condition, str] = {
    "always": "forward-always",
    "busy": "forward-busy",
    "no_answer": "forward-no-answer",
    "unreachable": "forward-unreachable",
}
_WRONG: dict[Wrong, str] = {
    "unknown": "forward-wrong-number",
    "myself": "forward-to-myself",
    "circle": "forward-circle",
    "chain": "forward-chain",
    "not_permitted": "not-permitted",
}
NOT_KEPT = "setting-not-kept"
_NUMBER = SayPrompt(say="phone", value="{forward.to}")
_EXTENSION = SayPrompt(say="digits", value="{forward.to}")
FORWARD_PROMPTS: tuple[Prompt, ...] = (
    *_TOLD.values(),
    *_WRONG.values(),
    NOT_KEPT,
    "forward-off",
    "forward-nothing",
    _NUMBER,
    _EXTENSION,
)


class SetForward(ServiceStep):
    """Forward his calls to a user or a number outside, who has to press 1 there."""

    type: Literal["forward"] = "forward"
    condition: Condition
    to: str

    async def run(self, call: Conversation) -> str:
        user, settings = call.party_user, call.outside.user_settings
        tenant = call.tenant
        wrong = wrong_forward(tenant, lambda one: settings.of(tenant.name, one), user, self.to)
        if wrong is not None:
            call.log.info("forward.refused", user=user, to=self.to, cause=wrong)
            await call.play(_WRONG[wrong])
            return "done"
        forward = Forward(resolve(tenant, self.to).value)
        try:
            await settings.set_forward(tenant.name, user, self.condition, forward, by=user)
        except NotKept:
            await call.play(NOT_KEPT)
            return "done"
        await _tell(call, self.condition, forward)
        return "done"


class ForwardNoLonger(ServiceStep):
    """`condition` None: none of them."""

    type: Literal["forward_off"] = "forward_off"
    condition: Condition | None = None

    async def run(self, call: Conversation) -> str:
        user, settings, tenant = call.party_user, call.outside.user_settings, call.tenant.name
        try:
            if self.condition is None:
                await settings.forward_nothing(tenant, user, by=user)
            else:
                await settings.set_forward(tenant, user, self.condition, None, by=user)
        except NotKept:
            await call.play(NOT_KEPT)
            return "done"
        await call.play("forward-off")
        return "done"


class TellForwards(ServiceStep):
    type: Literal["forward_tell"] = "forward_tell"

    async def run(self, call: Conversation) -> str:
        set_now = list(_forwards(call.outside.user_settings.of(call.tenant.name, call.party_user)))
        for condition, forward in set_now:
            await _tell(call, condition, forward)
        if not set_now:
            await call.play("forward-nothing")
        return "done"


async def _tell(call: Conversation, condition: Condition, forward: Forward) -> None:
    call.set_variable("forward.to", forward.to)
    await call.play(_TOLD[condition], _NUMBER if forward.to.startswith("+") else _EXTENSION)


def _forwards(personal: Personal) -> Iterator[tuple[Condition, Forward]]:
    for condition in CONDITIONS:
        if forward := personal.forwards.get(condition):
            yield condition, forward
