"""What somebody who serves a queue does now, in one word and some more: for people and programs to see."""

from typing import NamedTuple

from engine.queues.line import LiveLine
from engine.queues.members import Member, MemberState
from engine.queues.presence import Stretch
from engine.queues.roster import Roster


class MemberStatus(NamedTuple):
    """`reason` says why he is paused or offline; `since` is UTC ms, 0 where nobody has noted it; `left_s` is
    how long a wrap-up or pass-over still lasts.
    """

    state: MemberState
    reason: str = ""
    since: int = 0
    left_s: float = 0.0


def status(roster: Roster, member: Member, line: LiveLine) -> MemberStatus:
    """The first of these that is so: what he does goes before whether he could be rung."""
    presence = roster.presence_of(member)
    if roster.operators.talks(member.endpoints):
        return MemberStatus("busy")
    if member.offered_to is not None or roster.operators.in_call(member.endpoints):
        return MemberStatus("ringing")
    if not roster.serves(member, line):
        return MemberStatus("offline", "logged out")
    if offline := presence.has("offline"):
        return _because(offline, "offline", "no telephone")
    if pause := presence.pause(member.queue_name(line.key)):
        return _because(pause, "paused", pause.reason)
    if not roster.on_duty(member):
        return MemberStatus("off duty")
    if not roster.disturbable(member):
        return MemberStatus("do not disturb")
    left_s = roster.free_in(member)
    if left_s and (rest := presence.wrap_up(roster.presence.now())):
        return MemberStatus("wrap-up", "", rest.since, left_s)
    if member.unreachable:
        return MemberStatus("offline", "not reached", 0, left_s)
    return MemberStatus("passed over", "", 0, left_s) if left_s else MemberStatus("available")


def _because(stretch: Stretch, state: MemberState, reason: str) -> MemberStatus:
    return MemberStatus(state, reason, stretch.since)
