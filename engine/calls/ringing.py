"""Ringing people on the switch: for the party who waits, or for whoever consults somebody."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.calls.errors import StepError
from engine.calls.leg import Leg, Target
from engine.calls.plan import Plan
from engine.calls.ringing_rules import RingingPhones
from engine.calls.services import APPLICATION
from engine.calls.together import together
from engine.directory.prompts import PromptMissing
from engine.switch.ari.resources import Playback
from engine.switch.errors import Gone, Refused, SwitchError, SwitchFailed
from engine.switch.trunks import HOPS_HEADER, INSIDE

if TYPE_CHECKING:
    from engine.calls.call import Call
from engine.calls.display import shown_as, shown_from_the_start, shown_to

PRESENT_LIMIT_S = 5.0
SUBSCRIBER_ABSENT = 20  # Q.850
# What who must confirm hears, twice, and the key for it.
PRESS_ONE = "press-one-to-take"


class Ringing(RingingPhones[Leg]):
    """Rung for `for_leg`: his number and name the telephones show. `adopted` rang before a restart."""

    def __init__(self, call: Call, plan: Plan, for_leg: Leg, adopted: Sequence[Leg] = ()) -> None:
        super().__init__(SwitchPhones(call, for_leg), plan, adopted, _in_use(call, for_leg, adopted))
        if any(leg.target is not None and leg.target.number for leg in adopted):
            _go_on_with_trunks(call, plan, adopted)


class SwitchPhones:
    """Legs of a call."""

    def __init__(self, call: Call, for_leg: Leg) -> None:
        self._call = call
        self._for_leg = for_leg
        self._asking: dict[Leg, str] = {}  # playbacks

    def leg(self, target: Target) -> Leg:
        return self._call.legs.new(target)

    async def dial(self, legs: Sequence[tuple[Leg, float]]) -> None:
        await together(*(self._start(leg, seconds) for leg, seconds in legs))

    async def drop(self, leg: Leg, *, elsewhere: bool = False, timed_out: bool = False) -> None:
        await self._call.legs.drop(leg, "answered_elsewhere" if elsewhere else "normal", timed_out=timed_out)

    async def ask(self, leg: Leg) -> None:
        call = self._call
        leg.keying = deque()
        try:
            media = await call.services.prompts.media(
                call.tenant.name, call.tenant.language, PRESS_ONE, call.variables, call.takes
            )
            self._asking[leg] = f"{leg.id}.ask.{call.now()}"  # never one that an engine before us has begun
            await leg.channel.play(self._asking[leg], [*media, *media], call.tenant.language)
        except Gone:
            return
        except (PromptMissing, StepError, SwitchError) as error:
            call.log.error("leg.not_asked", leg=leg.id, cause=str(error))
            await call.legs.drop(leg, "normal")

    async def stop_asking(self, leg: Leg) -> None:
        """In a bridge he would hear it to its end first."""
        leg.keying, leg.confirmed = None, True
        try:
            await Playback(self._call.services.connection, self._asking[leg]).stop()
        except SwitchError as error:
            self._call.log.debug("playback.not_stopped", cause=str(error))

    def passed(self, legs: Sequence[Leg]) -> None:
        return

    async def _start(self, leg: Leg, seconds: float) -> None:
        call, target = self._call, leg.target
        assert target is not None
        try:
            await leg.channel.create(
                target.endpoint,
                APPLICATION,
                arguments="leg",
                originator=self._for_leg.id,
                variables={
                    **self._display(target),
                    **_inside(call, target),
                    **call.services.of_every_channel(call.tenant.name),
                },
            )
            # Asterisk refuses to dial a channel that it has not yet brought into the application.
            present = await call.until(
                lambda: leg.present or leg.gone or call.party.gone, PRESENT_LIMIT_S, whoever_goes=True
            )
            if not present or leg.over or call.party.gone:
                return
            # A second above our own limit: it is for the case that no engine is there to keep it.
            await leg.channel.dial(timeout_s=math.ceil(seconds) + 1)
            if target.setup_s:
                call.meanwhile(watch_trunk(call, leg, target.setup_s))
        except Gone:
            # It went away by itself or with the caller; its end comes as an event.
            return
        except (Refused, SwitchFailed) as error:
            if not leg.gone:
                leg.fail(call.services.clock.wall_ms(), SUBSCRIBER_ABSENT, str(error))
                call.legs.journal_end(leg)
                call.log.info("leg.unavailable", leg=leg.id, endpoint=target.endpoint, cause=str(error))

    def _display(self, target: Target) -> dict[str, str]:
        """The one place from which the INVITE's From comes: a phone shows it."""
        if target.caller_id:
            return shown_from_the_start(target.caller_id)
        shown = shown_as(self._call, self._for_leg)
        return shown_from_the_start(*shown_to(self._call.tenant, target.user, *shown))


def _inside(call: Call, target: Target) -> dict[str, str]:
    """To a city number of the platform: how often it has been passed from one to another."""
    if not target.endpoint.endswith(f"@{INSIDE}"):
        return {}
    return {f"PJSIP_HEADER(add,{HOPS_HEADER})": str(call.started.hops + 1)}


def _in_use(call: Call, for_leg: Leg, adopted: Sequence[Leg]) -> set[str]:
    """The telephones of those who are on the line: nobody is put through to himself."""
    others = [leg for leg in call.legs.values() if leg.up and not leg.over and leg not in adopted]
    # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
    return {leg.name.rsplit("-", 1)[0] for leg in (call.party, for_leg, *others)}


def _go_on_with_trunks(call: Call, plan: Plan, legs: Sequence[Leg]) -> None:
    """After a restart a trunk has as long for its first sign as at the beginning."""
    stages = (stage for way in plan.ways for stage in way.stages())
    targets = {target.endpoint: target for stage in stages for target in stage.targets}
    for leg in legs:
        target = targets.get(leg.target.endpoint) if leg.target is not None else None
        if target is not None and target.setup_s:
            leg.target = target  # the journal does not tell of its limit
            call.meanwhile(watch_trunk(call, leg, target.setup_s))


async def watch_trunk(call: Call, leg: Leg, setup_s: float) -> None:
    """End a leg that the trunk gives no sign of: SIP itself would try for half a minute."""
    await call.until(lambda: leg.lives or leg.over or call.closing, setup_s, whoever_goes=True)
    if not leg.lives and not leg.over and not call.closing:
        leg.failure = f"no sign of life within {setup_s:g} s"
        call.log.warning("trunk.silent", leg=leg.id, endpoint=leg.target and leg.target.endpoint)
        await call.legs.drop(leg, "congestion")
