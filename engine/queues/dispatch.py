"""Who rings next: given the callers who wait and the people who are free. Pure; chance is handed in.

Callers are served by their place, whatever queue they wait in: the one who came first gets the next free
person of his queue. Nobody is offered to two callers.
"""

import heapq
import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Strategy = Literal["longest_idle", "all", "random", "sequence", "least_recent"]


class Waiting(NamedTuple):
    """A caller whom nobody is rung for yet. In order of service: by `since` (UTC ms), then by id."""

    since: int
    call_id: str


@dataclass(frozen=True)
class Free:
    """Somebody who can be rung now. Times in seconds, of one clock; minus infinity: never.

    `misses`: how often he has not answered since he last talked. Such a one comes after all who have.
    """

    member: Hashable
    idle_since: float = 0.0
    served_at: float = 0.0  # when he was last rung for this queue
    misses: int = 0


@dataclass(frozen=True)
class Line:
    """One queue: callers in order of service, free members in the order of the tenant's file."""

    strategy: Strategy
    callers: Sequence[Waiting]
    members: Sequence[Free]


class Offer(NamedTuple):
    """These members are to be rung for this caller."""

    call_id: str
    members: tuple[Hashable, ...]


def dispatch(lines: Sequence[Line], dice: random.Random) -> list[Offer]:
    """Every offer that can be made now, in the order of service."""
    rows = [_in_order(line, dice) if line.callers else [] for line in lines]
    heads = [(line.callers[0], number, 0) for number, line in enumerate(lines) if line.callers]
    heapq.heapify(heads)
    taken: set[Hashable] = set()
    offers = []
    while heads:
        caller, number, index = heapq.heappop(heads)
        line = lines[number]
        members = _take(rows[number], taken, everybody=line.strategy == "all")
        if not members:
            continue  # nobody of this queue is left: those behind him wait as well
        taken.update(members)
        offers.append(Offer(caller.call_id, members))
        if index + 1 < len(line.callers):
            heapq.heappush(heads, (line.callers[index + 1], number, index + 1))
    return offers


def _take(row: list[Hashable], taken: set[Hashable], *, everybody: bool) -> tuple[Hashable, ...]:
    """The next (the row's last) who is not taken, or all of them; they leave the row."""
    found: list[Hashable] = []
    while row and (everybody or not found):
        member = row.pop()
        if member not in taken:
            found.append(member)
    return tuple(found)


def _in_order(line: Line, dice: random.Random) -> list[Hashable]:
    """Free members, the first to be rung at the end."""
    members = list(line.members)
    match line.strategy:
        case "random":
            dice.shuffle(members)
        case "longest_idle":
            members.sort(key=lambda free: free.idle_since)
        case "least_recent":
            members.sort(key=lambda free: free.served_at)
        case "sequence" | "all":
            pass
    members.sort(key=lambda free: free.misses)
    return [free.member for free in reversed(members)]
