"""The calls that the journal has open when the engine comes to a switch: which of them still live there.

What happened while nobody looked is read from the switch's own event log, and journalled.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from engine.calls import metrics
from engine.calls.missed import Missed, missed_events
from engine.calls.recovery import Snapshot, close_ended
from engine.calls.services import Services
from engine.calls.state import CallState, state_of
from engine.calls.unseen import unseen_answers, unseen_talks
from engine.switch.ari.events import ChannelData
from engine.switch.cel import ChannelEnd, ChannelHistory
from engine.switch.channel_ids import PLACED_MARK

log = structlog.get_logger(__name__)

FindHistories = Callable[[set[str], int], Mapping[str, ChannelHistory]]
FindEnds = Callable[[set[str]], Mapping[str, ChannelEnd]]


@dataclass
class Sorted:
    """What there is to be done; calls that have ended are closed already."""

    alive: list[str] = field(default_factory=list)  # ids of calls to adopt
    legs: set[str] = field(default_factory=set)  # of those calls, also ones that came from another call
    lonely: list[str] = field(default_factory=list)  # channels to hang up: their call is over
    # Callers of whom the journal does not know, and since when they wait, UTC milliseconds.
    unknown: list[tuple[ChannelData, int]] = field(default_factory=list)


class OpenCalls:
    """`find_histories` and `find_ends` read the switch's event log (`engine.switch.cel_search`)."""

    def __init__(self, services: Services, find_histories: FindHistories, find_ends: FindEnds) -> None:
        self._services = services
        self._find_histories = find_histories
        self._find_ends = find_ends

    async def sort(self, snapshot: Snapshot, lost_at: int | None) -> Sorted:
        """Journal what was missed, and close what has ended. `lost_at`: when this engine lost the switch, UTC
        milliseconds; None where it has only begun.
        """
        spool = self._services.spool
        states = {call_id: state_of(spool.events(call_id)) for call_id in spool.open_calls()}
        strangers = snapshot.strangers(set(states))
        names = {name for call_id, state in states.items() for name in (call_id, *_legs(state))}
        names |= {channel.id for channel in strangers}
        histories, ends = await asyncio.to_thread(self._ask_log, names, snapshot, lost_at)
        found = Sorted()
        for call_id, state in states.items():
            party = (state.party if state else "") or call_id
            alive = party in snapshot.channels
            # Where the switch went down with the call, our own eyes saw it last, or the journal did.
            last_sign = lost_at or max(entry.at for entry in spool.events(call_id))
            end = ends.get(party)
            missed: Sequence[Missed] = ()
            if state is not None:
                missed = missed_events(call_id, state, histories, snapshot.channels.keys(), last_sign)
                over_at = None if alive else end.ended_at if end else last_sign
                for leg in unseen_answers(call_id, state, missed):
                    self._services.observer.answered_unseen(leg)
                for talk in unseen_talks(call_id, state, missed, over_at):
                    self._services.observer.talked_unseen(talk.leg, talk.ended_at)
            if alive and party not in snapshot.ours:
                # It went to the fallback while we were away, and stays there.
                spool.release(call_id)
                continue
            for at, event in missed:
                spool.append(call_id, event, at)
            if not alive:
                if call_id in snapshot.ours:
                    # Whoever was passing it on is left, alone: the call ends with him, now.
                    found.lonely.append(call_id)
                    end = end and end._replace(ended_at=self._services.clock.wall_ms())
                close_ended(self._services, call_id, end, last_sign)
                metrics.calls_closed_late.inc()
            elif state is not None:
                found.alive.append(call_id)
                found.legs.update(state.living_legs())
        for channel in strangers:
            if spool.has_ended(channel.id) or PLACED_MARK in channel.id:
                found.lonely.append(channel.id)
                continue
            history = histories.get(channel.id)
            answered_at = history.answered_at if history else None
            found.unknown.append((channel, answered_at or self._services.clock.wall_ms()))
        return found

    def _ask_log(
        self, names: set[str], snapshot: Snapshot, lost_at: int | None
    ) -> tuple[Mapping[str, ChannelHistory], Mapping[str, ChannelEnd]]:
        """What happened to these channels since we last wrote; and the ends of those that are gone."""
        if not names:
            return {}, {}
        try:
            return self._read_log(names, snapshot, lost_at)
        except OSError as error:
            # Times will be less exact; but nobody may wait for a file.
            log.error("recovery.event_log_unreadable", cause=str(error))
            return {}, {}

    def _read_log(
        self, names: set[str], snapshot: Snapshot, lost_at: int | None
    ) -> tuple[Mapping[str, ChannelHistory], Mapping[str, ChannelEnd]]:
        histories = dict(self._find_histories(names, self._services.spool.last_at))
        ends = {name: history.end for name, history in histories.items() if history.end is not None}
        lost = names - snapshot.channels.keys() - ends.keys()
        if lost:
            # They went down with the switch, which does not tell; others' lines show its last sign of life.
            for name, end in self._find_ends(lost).items():
                ends[name] = end._replace(ended_at=max(end.ended_at, lost_at or 0))
                histories.setdefault(name, ChannelHistory()).end = ends[name]
        return histories, ends


def _legs(state: CallState | None) -> list[str]:
    return state.living_legs() if state else []
