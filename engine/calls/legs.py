"""The legs of one call, by id: how they begin and end, and who is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calls.leg import OUR_CAUSES, Leg, Target
from engine.calls.queueing import ObservedLeg
from engine.journal.base import Role
from engine.journal.events import CallAnswered, LegAnswered, LegCreated, LegEnded, LegRinging
from engine.switch import channel_ids
from engine.switch.ari.events import ChannelEvent
from engine.switch.ari.resources import Channel, HangupReason
from engine.switch.errors import Gone, SwitchError

if TYPE_CHECKING:
    from engine.calls.call import Call


class Legs(dict[str, Leg]):
    """`made` counts those that we have made: it is in their ids."""

    def __init__(self, call: Call, caller: Leg) -> None:
        super().__init__({caller.id: caller})
        self._call = call
        self.made = 0

    def new(self, target: Target, role: Role = "operator") -> Leg:
        """A leg whose id is known, registered and journalled before the switch hears of it."""
        self.made += 1
        leg_id = channel_ids.leg_id(self._call.id, self.made)
        leg = self.add(leg_id, role, target)
        self._call.journal(
            LegCreated(
                leg_id,
                role,
                target.endpoint,
                target.user,
                target.number,
                target.confirm,
                target.forwarded_by,
            )
        )
        # Whoever a colleague consults is not rung for the queue that the caller came by.
        self.observe(leg, "" if self._call.consultant is not None else self._call.position.waits_in)
        return leg

    def add(self, leg_id: str, role: Role, target: Target) -> Leg:
        """One that is there already; its events are this call's from now on."""
        services = self._call.services
        self[leg_id] = leg = Leg(Channel(services.connection, leg_id), role, target)
        services.router.listen(leg_id, self._call.on_event)
        services.exchange.own(leg_id, self._call)
        return leg

    def observe(self, leg: Leg, queue: str, *, adopted: bool = False) -> None:
        """Let it be known that this person's telephone is in a call."""
        call, endpoint = self._call, leg.target.endpoint if leg.target else ""
        observed = ObservedLeg(leg.id, call.position.waits_as, endpoint, call.tenant.name, queue, adopted)
        call.services.observer.leg_began(observed)

    def apply(self, leg: Leg, event: ChannelEvent) -> None:
        """What the switch tells of it: journalled, and told to whoever looks at legs."""
        call, observer = self._call, self._call.services.observer
        was_ringing, was_answered, was_gone = leg.ringing_at, leg.answered_at, leg.gone
        leg.apply(event)
        if not call.joined:  # else what he keys and wants is for the call that he has taken
            call.wanted.take(leg, event)
        if was_ringing is None and leg.ringing_at is not None and leg is not call.caller:
            call.journal(LegRinging(leg.id), leg.ringing_at)
        if was_answered is None and leg.answered_at is not None:
            answered = CallAnswered() if leg is call.caller else LegAnswered(leg.id)
            call.journal(answered, leg.answered_at)
            observer.leg_answered(leg.id)
        if leg.gone and not was_gone:
            if leg is call.caller and call.party is leg:
                observer.leg_ended(leg.id)  # the call's own end tells of it
            else:
                self.journal_end(leg)

    def journal_end(self, leg: Leg) -> None:
        cause = leg.cause or (OUR_CAUSES[leg.dropped] if leg.dropped else 0)
        self._call.journal(LegEnded(leg.id, leg.result, cause), leg.ended_at)
        self._call.services.observer.leg_ended(leg.id)

    async def drop(self, leg: Leg, reason: HangupReason, *, timed_out: bool = False) -> None:
        """End a leg of ours; one that has gone by itself is as good."""
        if leg.over:
            return
        leg.dropped, leg.drop_was_timeout = reason, timed_out
        try:
            await leg.channel.hang_up(reason)
        except Gone:
            return
        except SwitchError as error:
            leg.dropped = None  # to be asked again
            self._call.log.warning("leg.drop_failed", leg=leg.id, cause=str(error))
