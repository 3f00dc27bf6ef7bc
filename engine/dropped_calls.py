"""Ringing back a caller whose talk was cut off (F32): once, at once, and with whoever talked with him.

A talk is cut off when the network ends it: no sound any more, a session timer, a telephone that knows nothing
of the call, or a cause such as 27, 38 or 41; never by hanging up. That he is to be rung back is in the
journal before the call's end, so no engine that dies in between forgets it. The operator is kept meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from engine.calls.call import Call
from engine.calls.calling_back import RungFirst, ring_first
from engine.calls.click import new_call_id
from engine.calls.cut_off import cut_off
from engine.calls.display import shown_to
from engine.calls.lines import Lines
from engine.calls.outgoing import explained, refusal, trunks_now
from engine.calls.people import devices
from engine.calls.queueing import CallObserver, ObservedLeg
from engine.calls.switchboard import Switchboard
from engine.clock import Clock
from engine.directory.directory import Tenant
from engine.directory.names import known_name, shown
from engine.directory.numbering import Dialled
from engine.directory.routes import own_number
from engine.journal.client_events import TicketUsed
from engine.journal.events import CallEnded, Entry
from engine.journal.ring_back_events import RingBackEnd, RingBackOver, RingBackPlaced, RingBackWanted
from engine.journal.spool import Spool
from engine.reception import Reception
from engine.records.tickets import is_ticket

# After that he has thought of something else, or called again by another line.
TOO_LATE_MS = 120_000
log = structlog.get_logger(__name__)


class DroppedCalls:
    """Fulfils `engine.calls.services.Endings`. `cell` is the node's name, the beginning of call ids."""

    def __init__(
        self,
        reception: Reception,
        lines: Lines,
        observer: CallObserver,
        spool: Spool,
        clock: Clock,
        cell: str,
    ) -> None:
        self._reception = reception
        self._lines = lines
        self._observer = observer
        self._spool = spool
        self._clock = clock
        self._cell = cell
        self._switchboard: Switchboard | None = None
        self._kept: dict[
            str, ObservedLeg
        ] = {}  # stand for operators' next talks, by the call that was cut off
        self._wanted: dict[str, RingBackWanted] = {}  # the same, until somebody has been rung
        self._placed: dict[str, str] = {}  # by the call that is placed for it
        spool.on_end.append(self._call_ended)

    def attach(self, switchboard: Switchboard) -> None:
        """Where calls are placed."""
        self._switchboard = switchboard

    # -- the engine comes and goes --------------------------------------------------------------------------

    def load(self) -> None:
        """What the journal has open; after `Spool.open`, before anything is adopted."""
        for entries in self._spool.open_streams(RingBackWanted).values():
            wanted = entries[0].event
            assert isinstance(wanted, RingBackWanted)
            self._wanted[wanted.call] = wanted
            for entry in entries:
                if isinstance(entry.event, RingBackPlaced):
                    self._placed[entry.event.call] = wanted.call

    def resume(self) -> None:
        """All calls have been adopted or closed, and none has gone on yet."""
        assert self._switchboard is not None
        for leg in self._kept.values():  # the connection was lost while their calls ended
            self._observer.leg_ended(leg.id)
        self._kept.clear()
        under_way = {self._placed[call] for call in self._switchboard.calls if call in self._placed}
        for call_id in [call_id for call_id in self._wanted if call_id not in under_way]:
            self._ring_back(call_id)

    # -- calls end ------------------------------------------------------------------------------------------

    def ending(self, call: Call) -> None:
        """A call is about to end: where it was cut off, nobody else gets the operator."""
        wanted = cut_off(call.id, call.services.spool.events(call.id))
        if wanted is None or not _is_wished(call.tenant, wanted):
            return
        [target, *_] = devices(call.tenant, wanted.operator)
        leg = self._kept[call.id] = ObservedLeg(f"{call.id}.kept", call.id, target.endpoint, call.tenant.name)
        self._observer.leg_began(leg)

    def ended(self, call: Call) -> None:
        """Its legs are gone: now it is rung back."""
        kept = self._kept.pop(call.id, None)
        try:
            if call.id in self._wanted:
                self._ring_back(call.id)
        finally:
            if kept is not None:
                self._observer.leg_ended(kept.id)

    def _call_ended(self, call_id: str, entries: Sequence[Entry]) -> None:
        """The journal's: a call is about to end, be it one that ended while nobody looked."""
        cut_off_call = self._placed.pop(call_id, None)
        if cut_off_call is not None:
            if _rang(entries):
                self._over(cut_off_call, "rung")
            return
        wanted = cut_off(call_id, entries)
        tenant = self._reception.tenant(wanted.tenant) if wanted is not None else None
        if wanted is None or tenant is None or not _is_wished(tenant, wanted):
            return
        if self._clock.wall_ms() - wanted.lost_at < TOO_LATE_MS:
            self._spool.append(_stream(call_id), wanted)
            self._wanted[call_id] = wanted

    # -- ringing back ---------------------------------------------------------------------------------------

    def _ring_back(self, cut_off_call: str) -> None:
        wanted = self._wanted[cut_off_call]
        if self._clock.wall_ms() - wanted.lost_at >= TOO_LATE_MS:
            self._over(cut_off_call, "too_late")
        elif self._has_called_again(wanted):
            self._over(cut_off_call, "again")
        else:
            try:
                self._place(wanted)
            except ValueError as error:
                log.warning("call.not_rung_back", call_id=cut_off_call, cause=str(error))
                self._over(cut_off_call, "not_possible")
            except Exception:  # after a connect no call is taken before all of these have been looked at
                log.exception("call.not_rung_back", call_id=cut_off_call)
                self._over(cut_off_call, "not_possible")

    def _has_called_again(self, wanted: RingBackWanted) -> bool:
        calls = self._switchboard.calls.values() if self._switchboard is not None else ()
        return any(
            call.id != wanted.call
            and call.tenant.name == wanted.tenant
            and (call.started.direction, call.started.caller) == ("in", wanted.number)
            for call in calls
        )

    def _place(self, wanted: RingBackWanted) -> None:
        """Raises `ValueError` where that cannot be."""
        switchboard, tenant = self._switchboard, self._reception.tenant(wanted.tenant)
        if switchboard is None or not switchboard.ready:
            raise ValueError("the engine is not connected to Asterisk")
        operator = tenant.person(wanted.operator) if tenant is not None else None
        if tenant is None or tenant.ring_back is None or operator is None:
            raise ValueError(
                f"tenant {wanted.tenant} has no ring_back, or no user {wanted.operator} any more"
            )
        destination = Dialled("outside", wanted.number, own_number=wanted.dialled)
        if (why := refusal(self._lines, tenant, destination)) is not None:
            raise ValueError(explained(why, tenant, wanted.number))
        trunks = trunks_now(self._lines, tenant, destination)
        if not trunks:
            raise ValueError(f"tenant {tenant.name} has no trunk to {wanted.number}")
        own, wait = own_number(tenant, "", wanted.dialled), tenant.ring_back.wait
        # An operator whose own telephone has gone must not keep the caller waiting for it.
        by_caller = wanted.operator_lost or tenant.ring_back.first == "caller"
        if by_caller:
            first, caller, name = RungFirst(trunks, wait, own), own, ""
        else:
            known = wanted.name or known_name(tenant, wanted.number)
            display = shown_to(tenant, wanted.operator, *shown(tenant, wanted.number, known))
            first = RungFirst(devices(tenant, wanted.operator), wait, *display)
            caller, name = wanted.operator, operator.name
        arrival = self._reception.resuming(
            tenant, wanted.call, first.targets[0].endpoint, caller, name, wanted.number, wanted.operator
        )

        async def ring(again: Call) -> None:
            if is_ticket(wanted.ticket):
                again.journal(TicketUsed(wanted.ticket))
                again.set_variable("ticket", wanted.ticket)
            await ring_first(again, first)

        call_id = new_call_id(self._cell, self._clock.wall_ms())
        self._placed[call_id] = wanted.call
        self._spool.append(_stream(wanted.call), RingBackPlaced(call_id))
        switchboard.begin(arrival, call_id, ring, first.targets[0] if by_caller else None)
        log.info("call.rung_back", call_id=wanted.call, by=call_id, caller_first=by_caller)

    def _over(self, cut_off_call: str, why: RingBackEnd) -> None:
        if self._wanted.pop(cut_off_call, None) is not None:
            self._spool.append(_stream(cut_off_call), RingBackOver(why))


def _stream(cut_off_call: str) -> str:
    return f"{cut_off_call}.again"


def _is_wished(tenant: Tenant, wanted: RingBackWanted) -> bool:
    return tenant.ring_back is not None and bool(devices(tenant, wanted.operator))


def _rang(entries: Sequence[Entry]) -> bool:
    """Whether a telephone may have rung: not in a call whose first channel the switch never had."""
    end = entries[-1].event
    return not isinstance(end, CallEnded) or end.source == "engine" or end.cause != 0
