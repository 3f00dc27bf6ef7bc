"""What happened to a call while no engine was listening, read from the switch's event log. Pure.

The journal is completed with it before the call is adopted or closed: one truth to go on from.
"""

from collections.abc import Collection, Mapping

from engine.calls.leg import unanswered_result
from engine.calls.state import CallState, LegState
from engine.journal.base import EndedBy, LegResult
from engine.journal.events import CallAnswered, Event, LegAnswered, LegEnded, TalkEnded, TalkStarted
from engine.switch.cel import ChannelHistory, lost_by_network

Missed = tuple[int, Event]
_NOTHING = ChannelHistory()


def missed_events(
    call_id: str,
    state: CallState,
    histories: Mapping[str, ChannelHistory],
    alive: Collection[str],
    last_sign: int,
) -> list[Missed]:
    """Events with their times (UTC milliseconds), in order. `alive` are the channels that the switch has now.

    `last_sign` stands in for the end of a channel of which the log does not tell how it went.
    """
    missed: list[Missed] = []
    ends: dict[str, int] = {}
    answered_at = histories.get(call_id, _NOTHING).answered_at
    if state.answered_at is None and answered_at is not None:
        missed.append((answered_at, CallAnswered()))
    party_id = state.party or call_id
    party = histories.get(party_id, _NOTHING)
    party_end = None if party_id in alive else _end(party, last_sign)
    if party_id != call_id and call_id not in alive and not state.caller_gone:
        left = histories.get(call_id, _NOTHING)
        cause = left.end.cause if left.end else 0
        missed.append((_end(left, last_sign), LegEnded(call_id, "answered", cause)))
    for leg_id in state.living_legs():
        leg = state.legs[leg_id]
        history = histories.get(leg_id, _NOTHING)
        if leg.answered_at is None and history.answered_at is not None:
            missed.append((history.answered_at, LegAnswered(leg_id)))
        leg_end = None if leg_id in alive else _end(history, last_sign)
        if leg_id != party_id:
            missed += _talk(call_id, leg_id, state, party, history, party_end, leg_end)
        if leg_end is not None:
            if party_end is None:
                ends[leg_id] = leg_end
            talked = state.has_talked(leg_id)
            ended = _leg_ended(leg_id, leg, history, party_end, talked_before=talked)
            missed.append((leg_end, ended))

    def order(item: Missed) -> tuple[int, bool]:
        """As a call writes them: a talk ends after the leg does; one that was passed on, before it."""
        at, event = item
        if isinstance(event, TalkEnded) and event.leg in ends:
            return ends[event.leg], True
        return at, False

    return sorted(missed, key=order)


def _talk(
    call_id: str,
    leg_id: str,
    state: CallState,
    caller: ChannelHistory,
    leg: ChannelHistory,
    caller_end: int | None,
    leg_end: int | None,
) -> list[Missed]:
    """The talk that began or ended unseen."""
    found: list[Missed] = []
    bridge = ""
    if state.talking_with == leg_id:
        bridge = state.bridges[-1]
    elif not state.talking_with and (begun := _begun(call_id, leg_id, state, caller, leg)) is not None:
        at, bridge = begun
        found.append((at, TalkStarted(leg_id, bridge)))
    if not bridge:
        return []
    left = [history.stays.get(bridge, (None, None))[1] for history in (caller, leg)]
    ends = [at for at in (*left, caller_end, leg_end) if at is not None]
    if ends:
        found.append((min(ends), TalkEnded(leg_id, _ended_by(caller, leg, caller_end, leg_end))))
    return found


def _begun(
    call_id: str, leg_id: str, state: CallState, caller: ChannelHistory, leg: ChannelHistory
) -> tuple[int, str] | None:
    """When they began to talk unseen, and the last bridge in which they did; None where they have not.

    They may have been in one before both were answered, for early media: that is no talk.
    """
    known, party = state.legs[leg_id], state.legs.get(state.party)
    party_answered_at = (party or state).answered_at or caller.answered_at
    answered_at = known.answered_at or leg.answered_at
    if answered_at is None or party_answered_at is None:
        return None
    answered_at = max(answered_at, party_answered_at)
    begun: tuple[int, str] | None = None
    for name in dict.fromkeys([*([known.heard_in] if known.heard_in else []), *caller.stays]):
        early = name == known.heard_in
        if not name.startswith(call_id) or name in state.bridges or not (early or name in leg.stays):
            continue  # one that is journalled is over: the call was passed on since then
        stays = [history.stays.get(name, (None, None)) for history in (caller, leg)]
        entered = [stay[0] or (known.heard_at if early else None) for stay in stays]
        if None in entered:
            continue
        at = max(answered_at, *(when for when in entered if when is not None))
        if all(stay[1] is None or stay[1] >= at for stay in stays):
            begun = (begun[0] if begun else at, name)
    return begun


def _ended_by(
    caller: ChannelHistory, leg: ChannelHistory, caller_end: int | None, leg_end: int | None
) -> EndedBy:
    """Whoever was gone first, or the network that lost him."""
    operator_first = caller_end is None or (leg_end is not None and leg_end < caller_end)
    end = (leg if operator_first else caller).end
    if end is not None and (end.ended_by == "network" or lost_by_network(end.cause, answered=True)):
        return "network"
    return "operator" if operator_first else "caller"


def _leg_ended(
    leg_id: str, leg: LegState, history: ChannelHistory, caller_end: int | None, *, talked_before: bool
) -> LegEnded:
    cause = history.end.cause if history.end else 0
    result: LegResult = unanswered_result(cause, rang=leg.ringing_at is not None)
    if leg.answered_at is not None or history.answered_at is not None:
        # Who was to press 1 has done so if he came to talk.
        talked = history.stays or talked_before
        result = "answered" if talked or not leg.target.confirm else "no_answer"
    elif caller_end is not None and (history.end is None or history.end.ended_at >= caller_end):
        result = "cancelled"
    return LegEnded(leg_id, result, cause)


def _end(history: ChannelHistory, last_sign: int) -> int:
    return history.end.ended_at if history.end else last_sign
