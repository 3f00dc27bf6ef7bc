"""`@callback/ORDER`: somebody is rung back, and whoever was rung first is on the line (F36)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from engine.calls.callbacks import CONFIRMED, SHOWN_NAME, Briefing, shown_name
from engine.calls.errors import PromptFailed
from engine.calls.outgoing import refusal, stage_outside
from engine.calls.plan import Plan, Way
from engine.directory.numbering import Dialled
from engine.directory.prompt_model import Prompt, SayPrompt, TextPrompt
from engine.directory.prompts import PromptMissing
from engine.scenarios.model import APOLOGY, Exit, StepModel

if TYPE_CHECKING:
    from engine.calls.queueing import Place
    from engine.directory.directory import Tenant
    from engine.scenarios.conversation import Conversation

NUMBER = "callback.number"
_SPOKEN = SayPrompt(say="phone", value=f"{{{NUMBER}}}")
_PRESS_ONE_S = 5.0
_ASKED = 2
_NAMES = (
    "callback-operator",
    "callback-not-reached",
    "callback-cancelled",
    "callback-hello",
    "callback-press-one",
    "callback-nobody-free",
    "lines-busy",
)


def callback_prompts() -> tuple[Prompt, ...]:
    """All that is said on this road, but for the company's name."""
    return (*_NAMES, _SPOKEN)


def company_name(tenant: Tenant) -> TextPrompt:
    """Who rings, as he who is rung back hears it."""
    return TextPrompt(text=f"{tenant.title}.")


class CallbackRoad(StepModel):
    """The operator hears for whom it is, and the caller is rung; or the caller presses 1 and is connected
    with the operator who is kept for him.
    """

    error_road: ClassVar[str] = APOLOGY

    type: Literal["ring_back"] = "ring_back"
    order: str

    def exits(self) -> list[Exit]:
        return [Exit("after", None), Exit("done", None)]

    async def run(self, call: Conversation) -> str:
        briefing = call.outside.callbacks.briefing(self.order)
        if briefing is None:
            return await self._cancelled(call)
        call.set_variable(NUMBER, briefing.number)
        call.set_variable(SHOWN_NAME, shown_name(briefing))
        if call.party_user:
            return await self._ring_caller(call, briefing)
        return await self._connect(call, briefing)

    async def _cancelled(self, call: Conversation) -> str:
        """The order was cancelled meanwhile; who talks goes on talking."""
        if call.adopted and (await call.ring((), timeout=1.0)).outcome == "talked":
            return "after"
        await call.play("callback-cancelled")
        return "done"

    async def _ring_caller(self, call: Conversation, briefing: Briefing) -> str:
        destination = Dialled("outside", briefing.number, own_number=briefing.shown)
        lines = call.outside.lines
        if not call.adopted:
            call.forget_digits()
            await call.play("callback-operator", _SPOKEN, barge_in=True)
            call.forget_digits()
            if refusal(lines, call.tenant, destination, call_id=call.id) is not None:
                await call.play("lines-busy")
                return "done"
        stage = stage_outside(lines, call.tenant, destination, confirm=briefing.confirm)
        result = await call.reach(Plan((Way(stage),) if stage else (), briefing.ring_s))
        call.forget_digits()
        if result.outcome == "talked":
            call.set_variable("operator", result.operator)
            return "after"
        await call.play("callback-not-reached")
        return "done"

    async def _connect(self, call: Conversation, briefing: Briefing) -> str:
        if not call.adopted and not call.variables.get(CONFIRMED):
            if not await self._confirmed(call, briefing):
                return "done"
            call.set_variable(CONFIRMED, True)
        place = call.outside.callbacks.place(self.order, call.changed)
        if place is None:
            return await self._cancelled(call)
        try:
            return await self._wait(call, place, briefing)
        finally:
            place.leave()

    async def _confirmed(self, call: Conversation, briefing: Briefing) -> bool:
        call.forget_digits()
        for _ in range(_ASKED):
            key = await self._hello(call, confirm=briefing.confirm)
            if not briefing.confirm:
                return True
            if (key or await call.read_digit(_PRESS_ONE_S)) == "1":
                return True
        return False

    async def _hello(self, call: Conversation, *, confirm: bool) -> str | None:
        last: tuple[Prompt, ...] = ("callback-press-one",) if confirm else ()
        try:
            return await call.play("callback-hello", company_name(call.tenant), *last, barge_in=confirm)
        except (PromptMissing, PromptFailed) as error:
            call.log.error("callback.company_not_said", cause=str(error))
            return await call.play("callback-hello", *last, barge_in=confirm)

    async def _wait(self, call: Conversation, place: Place, briefing: Briefing) -> str:
        """Until whoever is kept for him has answered, or another one; music meanwhile."""
        deadline = call.seconds() + briefing.longest_wait_s
        while True:
            if not call.adopted:
                place.look_at_offer()  # he was kept while this caller's telephone rang
            if call.adopted or place.offer:
                result = await call.ring(place.offer, timeout=place.ring_s)
                place.rung(result.outcome)
                if result.outcome == "talked":
                    call.forget_digits()
                    call.set_variable("operator", result.operator)
                    return "after"
                continue
            left = deadline - call.seconds()
            if left <= 0:
                await call.stop_music()
                await call.play("callback-nobody-free")
                return "done"
            await call.start_music()
            await call.read_digit(left, stop=lambda: bool(place.offer))
