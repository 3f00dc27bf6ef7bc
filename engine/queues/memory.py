"""What strategies go by of the time before this engine: none begins anew after a restart. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.queues.free_members import MOST_OWED
from engine.queues.index import IndexedQueue
from engine.queues.members import MemberKey


@dataclass(frozen=True)
class Memory:
    """Of one queue, before this engine: when members were last rung, in seconds of the clock that `dispatch`
    is told; how many callers each has taken today; who took its last callers, in their order.
    """

    rung_at: Mapping[MemberKey, float] = field(default_factory=dict)
    calls: Mapping[MemberKey, int] = field(default_factory=dict)
    takes: Sequence[MemberKey] = ()


def remember(queue: IndexedQueue, memory: Memory) -> None:
    """Be as if it had happened here, and what has happened here since then had followed. What was remembered
    before is known better now. Nobody may stand ready in the queue meanwhile.
    """
    for member, at in memory.rung_at.items():
        record = queue.record(member)
        record.rung_at = max(record.rung_at, at)
    for member in memory.calls.keys() | queue.records.keys():
        record, before = queue.record(member), memory.calls.get(member, 0)
        record.calls += before - record.calls_before
        record.calls_before = before
    if memory.takes:
        _share(queue, memory.takes)
    if not queue.rung:
        positions = {seat.member.key: position for position, seat in queue.seats.items()}
        known = [(at, positions[member]) for member, at in memory.rung_at.items() if member in positions]
        if known:
            queue.last_position = max(known)[1]


def _share(queue: IndexedQueue, takes: Sequence[MemberKey]) -> None:
    """Who has taken how many callers, by weight: those of before, then those since then."""
    weights = {seat.member.key: seat.post.weight for seat in queue.seats.values()}
    shares: dict[MemberKey, float] = {}
    last = 0.0
    for member in takes:
        weight = weights.get(member, 1)
        share = max(shares.get(member, 0.0), last - MOST_OWED / weight)
        last = max(last, share)
        shares[member] = share + 1 / weight
    queue.last_share = last
    for member in weights.keys() | shares.keys():
        record, weight = queue.record(member), weights.get(member, 1)
        least = last - MOST_OWED / weight
        record.share = max(shares.get(member, 0.0), least) + record.taken / weight
        if record.taken:
            queue.last_share = max(queue.last_share, record.share - 1 / weight)
    for member, weight in weights.items():
        record = queue.records[member]
        record.share = max(record.share, queue.last_share - MOST_OWED / weight)
