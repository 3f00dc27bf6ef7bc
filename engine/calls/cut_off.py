"""Whether a call ended because the network cut its talk off, read from its events. Pure."""

from collections.abc import Sequence

from engine.calls.state import state_of
from engine.directory.numbers import is_e164
from engine.journal.events import Entry, LegCreated, LegEnded, TalkEnded, TalkStarted
from engine.journal.ring_back_events import RingBackWanted
from engine.switch.cel import lost_by_network


def cut_off(call_id: str, entries: Sequence[Entry]) -> RingBackWanted | None:
    """Who is to be connected again; None where nobody is: someone hung up, or it was no caller of a known
    number from outside, nor whom an order had rung back, or this was such a call already. `entries` are all
    that the journal has of the call.
    """
    state = state_of(entries)
    if state is None or state.talking_with or state.last_talk_ended_by != "network":
        return None
    started = state.started
    number = started.callee if started.callback else started.caller if started.direction == "in" else ""
    if started.continues or state.party or not is_e164(number):
        return None
    leg = _last(entries)
    operator, operator_lost = (
        state.legs[leg].target.user if leg in state.legs else "",
        _was_lost(leg, entries),
    )
    if started.callback and not operator:  # he was rung first, and the leg is that of whom he wanted
        operator, operator_lost = started.caller, not operator_lost
    if not operator:
        return None
    if _somebody_rung_after(entries):
        return None  # his call went on without that talk
    ended = [entry for entry in entries if isinstance(entry.event, TalkEnded)]
    return RingBackWanted(
        call=call_id,
        tenant=started.tenant,
        number=number,
        operator=operator,
        lost_at=ended[-1].at,
        operator_lost=operator_lost,
        dialled=started.number,
        name="" if started.callback else str(state.variables.get("caller.name") or started.caller_name),
        ticket=str(state.variables.get("ticket") or ""),
    )


def _last(entries: Sequence[Entry]) -> str:
    """With which leg the last talk was."""
    return next((one.event.leg for one in reversed(entries) if isinstance(one.event, TalkStarted)), "")


def _somebody_rung_after(entries: Sequence[Entry]) -> bool:
    """Whether telephones rang for him once more after the last talk."""
    for entry in reversed(entries):
        if isinstance(entry.event, TalkEnded):
            return False
        if isinstance(entry.event, LegCreated):
            return True
    return False


def _was_lost(leg: str, entries: Sequence[Entry]) -> bool:
    ends = [one.event for one in entries if isinstance(one.event, LegEnded) and one.event.leg == leg]
    return any(lost_by_network(end.cause, answered=True) for end in ends)
