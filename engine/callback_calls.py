"""The calls of callbacks: `Placer` for the desk, over the switchboard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import structlog

from engine.calls.callbacks import Briefing, shown_name
from engine.calls.calling_back import RungFirst, ring_first
from engine.calls.display import shown_to
from engine.calls.leg import Target
from engine.calls.lines import Lines
from engine.calls.outgoing import trunks_now
from engine.calls.switchboard import Switchboard
from engine.directory.directory import Tenant
from engine.directory.names import shown
from engine.directory.numbering import Dialled
from engine.directory.routes import own_number
from engine.reception import Reception

log = structlog.get_logger(__name__)


class CallbackCalls:
    """Fulfils `engine.queues.callback.placer.Placer`."""

    def __init__(self, switchboard: Switchboard, reception: Reception, lines: Lines) -> None:
        self._switchboard = switchboard
        self._reception = reception
        self._lines = lines

    @property
    def ready(self) -> bool:
        return self._switchboard.ready

    def place(
        self, tenant: Tenant, order_id: str, call_id: str, briefing: Briefing, targets: Sequence[Target]
    ) -> None:
        own = own_number(tenant, "", briefing.shown)
        if briefing.first == "caller":
            # One after another, each where the one before does not work.
            destination = Dialled("outside", briefing.number, own_number=briefing.shown)
            trunks = trunks_now(self._lines, tenant, destination)
            if not trunks:
                raise ValueError(f"tenant {tenant.name} has no trunk to {briefing.number}")
            first = RungFirst(trunks, briefing.ring_s, own)
            caller, name = own, ""
        else:
            if not targets:
                raise ValueError("nobody has a telephone to be rung")
            number, name = shown(tenant, briefing.number, shown_name(briefing))
            caller = targets[0].user
            first = RungFirst(targets, briefing.operator_ring_s, *shown_to(tenant, caller, number, name))
            person = tenant.person(caller)
            name = person.name if person else ""
        arrival = self._reception.ringing_back(
            tenant, order_id, briefing.queue, first.targets[0].endpoint, caller, name, briefing.number
        )
        outside = first.targets[0] if briefing.first == "caller" else None
        self._switchboard.begin(arrival, call_id, partial(ring_first, first=first), outside)

    def cancel(self, call_id: str) -> None:
        call = self._switchboard.calls.get(call_id)
        if call is not None and call.talking_with is None:
            call.meanwhile(call.legs.drop(call.party, "normal"))

    def talks(self, call_id: str) -> bool:
        call = self._switchboard.calls.get(call_id)
        return call is not None and call.talking_with is not None

    def lives(self, call_id: str) -> bool:
        return call_id in self._switchboard.calls

    def waits_for_operator(self, call_id: str) -> bool:
        call = self._switchboard.calls.get(call_id)
        if call is None or call.talking_with is not None:
            return False
        return not (call.party_user and call.party.up)

    def rings(self, call_id: str) -> Collection[str]:
        call = self._switchboard.calls.get(call_id)
        if call is None:
            return ()
        # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
        own = call.started.channel.rsplit("-", 1)[0]
        legs = (leg for leg in call.legs.values() if not leg.over)
        return {leg.target.endpoint if leg.target else own for leg in legs}

    def on_the_line(self, tenant: str, number: str) -> bool:
        calls = self._switchboard.calls.values()
        return any(
            call.started.caller == number and call.tenant.name == tenant and call.started.direction == "in"
            for call in calls
        )
