"""Live queues as people and programs see them: `vats queue`, the operation `queues`, `/metrics`."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
from prometheus_client import Gauge

from engine.queues.callback.order import CALLBACK_MARK
from engine.queues.line import LiveLine
from engine.queues.members import Member, MemberState
from engine.queues.queues import LiveQueues
from engine.queues.status import status


class WaitingView(msgspec.Struct, frozen=True):
    """A caller who waits, or whose `callback` does; `ringing` are the extensions that are rung for him."""

    place: int
    call_id: str
    caller: str
    caller_name: str
    wait_s: float
    ringing: list[str]
    callback: bool = False


class MemberView(msgspec.Struct, frozen=True):
    """Somebody who serves the queue, or could; `left_s` is how long his wrap-up or pass-over still lasts,
    `reason` why he is paused or offline, `for_s` how long he has been so, 0 where that is not known.
    """

    extension: str
    name: str
    state: MemberState
    left_s: float
    reason: str = ""
    for_s: float = 0.0


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
        ringing = [member.known_to(line.key.tenant) for member in place.members]
        rung_back = CALLBACK_MARK in place.call_id
        waiting.append(WaitingView(number, place.call_id, caller, name, wait_s, ringing, rung_back))
    members = [_member(queues, member, line, now) for member in queues.roster.listed(line)]
    return QueueView(
        line.key.tenant,
        line.key.name,
        queues.roster.settings(line).strategy,
        max((one.wait_s for one in waiting), default=0.0),
        sum(one.state == "available" for one in members),
        waiting,
        members,
    )


def _member(queues: LiveQueues, member: Member, line: LiveLine, now: int) -> MemberView:
    found = status(queues.roster, member, line)
    for_s = max(0, now - found.since) / 1000 if found.since else 0.0
    name = member.known_to(line.key.tenant)
    return MemberView(name, member.user.name, found.state, found.left_s, found.reason, for_s)


_LABELS = ["tenant", "queue"]
_waiting = Gauge("vats_queue_waiting", "Callers who wait in the queue now", _LABELS)
_longest = Gauge("vats_queue_longest_wait_seconds", "How long the one who came first has waited", _LABELS)
_free = Gauge("vats_queue_free_members", "Members who could be rung for the next caller", _LABELS)
_members = Gauge("vats_queue_members", "Members by what they do now", [*_LABELS, "state"])


def measure(views: Iterable[QueueView]) -> None:
    """Set the gauges; queues that are no more disappear from them."""
    for gauge in (_waiting, _longest, _free, _members):
        gauge.clear()
    for view in views:
        _waiting.labels(view.tenant, view.queue).set(len(view.waiting))
        _longest.labels(view.tenant, view.queue).set(view.longest_wait_s)
        _free.labels(view.tenant, view.queue).set(view.free)
        for state, number in Counter(member.state for member in view.members).items():
            _members.labels(view.tenant, view.queue, state).set(number)
