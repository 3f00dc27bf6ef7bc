"""Whose talk ended while no engine was listening: for who is free, and who rests since then. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.calls.missed import Missed
from engine.calls.queueing import ObservedLeg
from engine.calls.state import CallState
from engine.journal.events import CallAnswered, LegAnswered, LegEnded, TalkEnded


class UnseenTalk(NamedTuple):
    """This telephone was talked at, and has hung up since; the talk ended at `ended_at`, UTC ms."""

    leg: ObservedLeg
    ended_at: int


def unseen_answers(call_id: str, state: CallState, missed: Sequence[Missed]) -> Iterator[ObservedLeg]:
    """Who has taken a caller of a queue meanwhile. Arguments are those of `unseen_talks`."""
    for _, event in missed:
        if isinstance(event, LegAnswered) and (queue := state.queue_of(event.leg)):
            yield _observed(call_id, state, event.leg, state.legs[event.leg].target.endpoint, queue)
        elif isinstance(event, CallAnswered) and state.started.queue:
            yield _observed(call_id, state, call_id, own_endpoint(state), state.started.queue)


def unseen_talks(
    call_id: str, state: CallState, missed: Sequence[Missed], over_at: int | None
) -> Iterator[UnseenTalk]:
    """`state` is what the journal knew before `missed`; `over_at` is when the call ended, UTC ms, None where
    it lives. Legs whose call is over are hung up by us: their talk ended with it.
    """
    answered = {event.leg for _, event in missed if isinstance(event, LegAnswered)}
    hung_up = {event.leg: at for at, event in missed if isinstance(event, LegEnded)}
    talked = {event.leg: at for at, event in missed if isinstance(event, TalkEnded)}
    for leg_id in state.living_legs():
        leg = state.legs[leg_id]
        left_at = hung_up.get(leg_id, over_at)
        if left_at is None or (leg.answered_at is None and leg_id not in answered):
            continue
        observed = _observed(call_id, state, leg_id, leg.target.endpoint, state.queue_of(leg_id))
        yield UnseenTalk(observed, talked.get(leg_id, left_at))
    # Of a callback the operator may have been rung first: then the call's own channel is his.
    picked_up = state.answered_at is not None or any(isinstance(event, CallAnswered) for _, event in missed)
    ended_at = max(talked.values(), default=over_at)
    if state.started.queue and ended_at is not None and picked_up:
        observed = _observed(call_id, state, call_id, own_endpoint(state), state.started.queue)
        yield UnseenTalk(observed, ended_at)


def own_endpoint(state: CallState) -> str:
    """Whose telephone the call's own channel is at."""
    # PJSIP/romashka-101-desk-00000001 without its running number is the endpoint.
    return state.started.channel.rsplit("-", 1)[0]


def _observed(call_id: str, state: CallState, leg_id: str, endpoint: str, queue: str) -> ObservedLeg:
    started = state.started
    return ObservedLeg(leg_id, started.callback or call_id, endpoint, started.tenant, queue, adopted=True)
