"""Live queues as people and programs see them: `vats queue`, the operation `queues`, `/metrics`."""

from collections.abc import Callable, Iterable

import msgspec
from prometheus_client import Gauge

from engine.queues.line import LiveLine
from engine.queues.members import Member, MemberState
from engine.queues.queues import LiveQueues


class WaitingView(msgspec.Struct, frozen=True):
    """A caller who waits; `ringing` are the extensions that are rung for him."""

    place: int
    call_id: str
    caller: str
    caller_name: str
    wait_s: float
    ringing: list[str]


class MemberView(msgspec.Struct, frozen=True):
    """Somebody who serves the queue; `left_s` is how long he still rests or is passed over."""

    extension: str
    name: str
    state: MemberState
    left_s: float


class QueueView(msgspec.Struct, frozen=True):
    """One queue now. `free` members could be rung for the next caller."""

    tenant: str
    queue: str
    strategy: str
    longest_wait_s: float
    free: int
    waiting: list[WaitingView]
    members: list[MemberView]


def describe(queues: LiveQueues, now: int, who: Callable[[str], tuple[str, str]]) -> list[QueueView]:
    """All queues of all tenants' files, and those that somebody still waits in.

    `now` in UTC ms; `who` gives number and name of a call's caller.
    """
    return [_queue(queues, line, now, who) for line in queues.all_lines()]


def _queue(queues: LiveQueues, line: LiveLine, now: int, who: Callable[[str], tuple[str, str]]) -> QueueView:
    waiting = []
    for number, place in enumerate(line.places, 1):
        caller, name = who(place.call_id)
        wait_s = max(0, now - place.waiting.since) / 1000
        ringing = [member.key.extension for member in place.members]
        waiting.append(WaitingView(number, place.call_id, caller, name, wait_s, ringing))
    members = [_member(queues, member) for member in queues.roster.of(line)]
    return QueueView(
        line.key.tenant,
        line.key.name,
        queues.roster.settings(line).strategy,
        max((one.wait_s for one in waiting), default=0.0),
        sum(one.state == "free" for one in members),
        waiting,
        members,
    )


def _member(queues: LiveQueues, member: Member) -> MemberView:
    state = queues.roster.state(member)
    left = queues.roster.free_in(member) if state in ("resting", "passed over", "unreachable") else 0.0
    return MemberView(member.key.extension, member.user.name, state, left)


_LABELS = ["tenant", "queue"]
_waiting = Gauge("vats_queue_waiting", "Callers who wait in the queue now", _LABELS)
_longest = Gauge("vats_queue_longest_wait_seconds", "How long the one who came first has waited", _LABELS)
_free = Gauge("vats_queue_free_members", "Members who could be rung for the next caller", _LABELS)


def measure(views: Iterable[QueueView]) -> None:
    """Set the gauges; queues that are no more disappear from them."""
    for gauge in (_waiting, _longest, _free):
        gauge.clear()
    for view in views:
        _waiting.labels(view.tenant, view.queue).set(len(view.waiting))
        _longest.labels(view.tenant, view.queue).set(view.longest_wait_s)
        _free.labels(view.tenant, view.queue).set(view.free)
