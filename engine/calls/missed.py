"""What happened to a call while no engine was listening, read from the switch's event log. Pure.

The journal is completed with it before the call is adopted or closed: one truth to go on from.
"""

from collections.abc import Collection, Mapping

from engine.calls.leg import unanswered_result
from engine.calls.state import CallState, LegState
from engine.journal.events import (
    CallAnswered,
    EndedBy,
    Event,
    LegAnswered,
    LegEnded,
    LegResult,
    TalkEnded,
    TalkStarted,
)
from engine.switch.cel import ChannelHistory

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
    elif not state.talking_with:
        # One that is journalled is over: the call was passed on since then.
        shared = [
            name
            for name in caller.stays
            if name in leg.stays and name.startswith(call_id) and name not in state.bridges
        ]
        for name in shared:
            entered = [at for at in (caller.stays[name][0], leg.stays[name][0]) if at is not None]
            if len(entered) == 2:
                bridge = name
                found.append((max(entered), TalkStarted(leg_id, name)))
    if not bridge:
        return []
    left = [history.stays.get(bridge, (None, None))[1] for history in (caller, leg)]
    ends = [at for at in (*left, caller_end, leg_end) if at is not None]
    if ends:
        found.append((min(ends), TalkEnded(leg_id, _ended_by(caller, leg, caller_end, leg_end))))
    return found


def _ended_by(
    caller: ChannelHistory, leg: ChannelHistory, caller_end: int | None, leg_end: int | None
) -> EndedBy:
    """Whoever was gone first, or the network that lost him."""
    operator_first = caller_end is None or (leg_end is not None and leg_end < caller_end)
    end = (leg if operator_first else caller).end
    if end is not None and end.ended_by == "network":
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
